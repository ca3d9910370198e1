import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { verifyChain } from './verify-chain.ts'

describe('the audit log', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
    const { id } = await app.keyFor('org_1')
    await app.call('POST', `/v1/keys/${id}/disable`)
    await app.call('POST', `/v1/keys/${id}/enable`)
    await app.call('POST', `/v1/keys/${id}/revoke`, { reason: 'done' })
    await sql`create table kept as select * from audit_events`.execute(app.db)
  })
  after(() => app.close())

  const check = async () => (await app.call('GET', '/v1/audit-events/verification')).body

  /** Past Doorward, as a person with access to the database could. */
  const tamper = async (statement: ReturnType<typeof sql>) => {
    const disarmed = async (act: ReturnType<typeof sql>) => {
      await sql`alter table audit_events disable trigger all`.execute(app.db)
      await act.execute(app.db)
      await sql`alter table audit_events enable trigger all`.execute(app.db)
    }
    await disarmed(statement)
    const found = await check()
    await disarmed(sql`delete from audit_events where seq in (select seq from kept)`)
    await disarmed(sql`insert into audit_events select * from kept`)
    assert.equal((await check()).intact, true)
    return found
  }

  it('AUD-01: records actor, action, target, owner, address, moment and request', async () => {
    const { body } = await app.call('GET', '/v1/audit-events?action=key.revoked')
    const [event] = body.data
    assert.equal(event.actor.kind, 'admin_key')
    assert.match(event.actor.id, /^adm_/)
    assert.match(event.target_id, /^key_/)
    assert.match(event.request_id, /^req_/)
    assert.deepEqual(
      [event.owner_id, event.result, event.at, event.ip, event.detail.reason],
      ['org_1', 'done', app.clock.now().toISOString(), '127.0.0.1', 'done'],
    )
  })

  it('AUD-04: rows cannot be changed or removed through SQL', async () => {
    for (const statement of [
      sql`update audit_events set action = 'x'`,
      sql`delete from audit_events`,
      sql`truncate audit_events`,
    ])
      await assert.rejects(statement.execute(app.db), /append-only/)
    assert.equal((await check()).intact, true)
  })

  it('AUD-04: names a changed row', async () => {
    const found = await tamper(sql`update audit_events set owner_id = 'org_2' where seq = 3`)
    assert.equal(found.intact, false)
    assert.deepEqual([found.first_broken.seq, found.first_broken.fault], [3, 'the row was altered'])
  })

  it('AUD-04: names a row whose detail was changed', async () => {
    const found = await tamper(
      sql`update audit_events set detail = detail || '{"reason": "another"}' where action = 'key.revoked'`,
    )
    assert.equal(found.intact, false)
  })

  it('AUD-04: names a missing row, in the middle and at the end', async () => {
    const last = Number((await check()).events)
    for (const seq of [2, last]) {
      const found = await tamper(sql`delete from audit_events where seq = ${seq}`)
      assert.deepEqual([found.intact, found.first_broken.seq], [false, seq])
    }
  })

  it('AUD-15: walks the chain in stretches, each from the end of the last one', async () => {
    const whole = await check()
    let walked = await verifyChain(app.db, { limit: 2 })
    for (let stretches = 1; walked.intact && walked.next !== null; stretches++) {
      assert.deepEqual(
        [walked.events, walked.next.seq, walked.headHash],
        [2 * stretches, 2 * stretches, null],
      )
      walked = await verifyChain(app.db, { after: walked.next, limit: 2 })
    }
    assert.ok(walked.intact)
    assert.deepEqual([walked.events, walked.headHash], [whole.events, whole.head_hash])
    assert.equal(whole.next, null)
  })

  it('AUD-15: over HTTP a walk begins after an event, and compares its hash with the given one', async () => {
    const verified = async (query: string) =>
      (await app.call('GET', `/v1/audit-events/verification?${query}`)).body
    const { hash } = (await app.call('GET', '/v1/audit-events?limit=200')).body.data.find(
      (event: { seq: number }) => event.seq === 2,
    )
    const whole = await check()
    for (const query of ['after_seq=2', `after_seq=2&after_hash=${hash}`, `after_seq=${whole.events}`])
      assert.deepEqual(await verified(query), whole, query)
    const other = 'ab'.repeat(32)
    for (const [query, seq, fault] of [
      [`after_seq=2&after_hash=${other}`, 2, 'the hash differs from the given one'],
      [`after_hash=${other}`, 0, 'the hash differs from the given one'],
      ['after_seq=999999', 999_999, 'the row is missing'],
    ] as const) {
      const found = await verified(query)
      assert.deepEqual([found.intact, found.first_broken], [false, { seq, id: null, fault }], query)
    }
    for (const query of ['after_seq=-1', 'after_seq=1e99', 'after_hash=ab', 'after_seq=x'])
      assert.equal((await app.call('GET', `/v1/audit-events/verification?${query}`)).status, 400, query)
  })

  it('AUD-05: a change that is rolled back leaves no event, and a refused one no change', async () => {
    const before = await check()
    const answer = await app.call('POST', '/v1/keys', {
      owner_id: 'org_new',
      name: 'a',
      environment: 'live',
      scopes: ['nope:read'],
    })
    assert.equal(answer.status, 400)
    assert.deepEqual(await check(), before)
    assert.equal((await app.call('GET', '/v1/owners/org_new')).status, 404)
  })

  it('AUD-07: a reader bound to one owner sees the events of that owner only', async () => {
    await app.keyFor('org_other')
    const bound = await app.adminKeyWith(['audit:read'], 'org_1')
    const own = await app.call('GET', '/v1/audit-events?limit=200', undefined, { as: bound })
    assert.ok(own.body.data.length > 0)
    assert.ok(own.body.data.every((event: { owner_id: string }) => event.owner_id === 'org_1'))
    const foreign = await app.call('GET', '/v1/audit-events?owner_id=org_other', undefined, { as: bound })
    assert.deepEqual(foreign.body, { data: [], next_cursor: null })
    const chain = await app.call('GET', '/v1/audit-events/verification', undefined, { as: bound })
    assert.equal(chain.status, 403)
  })
})
