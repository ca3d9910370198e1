import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { hashCredential } from '@doorward/sdk/kernel'
import pg from 'pg'
import { openSecondNode, openTestApp, type TestApp } from '../app.ts'
import { ENGINE, type PlacePreparation } from '../database.ts'
import { eventually } from '../eventually.ts'

describe('slow lists', {
  skip: ENGINE !== 'postgres' && 'the embedded database answers one at a time',
}, () => {
  let app: TestApp
  let url = ''
  before(async () => {
    const preparePlace: PlacePreparation = async (place) => {
      if ('databaseUrl' in place) url = place.databaseUrl
    }
    app = await openTestApp({}, { preparePlace })
  })
  after(() => app.close())

  it('OPS-08 KEY-10: twelve at once do not delay verification or the feed, and are asked to retry later', async () => {
    const key = await app.keyFor('org_1')
    const list = () => app.call('GET', '/v1/audit-events')
    // So that all connections are open already.
    await Promise.all(Array.from({ length: 12 }, list))
    const owner = new pg.Client(url)
    await owner.connect()
    // Readers of the audit log wait while this lock is held; verification does not read it.
    await owner.query('begin; lock table audit_events in access exclusive mode')
    const lists = Array.from({ length: 12 }, list)
    const waiting = async () => {
      const { rows } = await owner.query(
        "select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
      )
      assert.ok(rows[0].n <= 4, `${rows[0].n} at once`)
      return String(rows[0].n > 0)
    }
    await eventually(waiting, 'true')

    const verified = await Promise.all(
      Array.from({ length: 20 }, async () => {
        app.clock.advance({ seconds: 6 })
        await waiting()
        return await app.call('POST', '/v1/verify', { credential: key.secret })
      }),
    )
    assert.deepEqual(
      [...new Set(verified.map(({ status, body }) => `${status} ${body.valid}`))],
      ['200 true'],
    )
    assert.equal((await app.call('GET', '/readyz')).status, 200)

    const answers = await Promise.all(lists)
    await owner.query('rollback')
    await owner.end()
    const codes = new Set(answers.map(({ status, body }) => `${status} ${body.code}`))
    for (const code of codes) assert.match(code, /^503 (database_timeout|too_many_reads)$/)
    for (const { headers } of answers) assert.match(String(headers['retry-after']), /^\d+$/)
    assert.equal((await app.call('GET', '/v1/audit-events')).status, 200)
  })

  it('OPS-08 KEY-10: a hundred changes and dry runs of a tenant hold up no lookup, verification, feed, quota or other change', async (t) => {
    const quota = { limit: 1_000, period: 'month' }
    const key = await app.keyFor('org_1', { quota })
    const { text: told } = await app.call('GET', '/v1/changes?once=true')
    const from = /^id: ?(.+)$/m.exec(told)?.[1]
    await app.keyFor('org_1')
    await app.keyFor('org_2')
    const tenant = await app.adminKeyWith(['keys:write', 'keys:revoke', 'owners:write'], 'org_2')
    // Its feed starts now, so that it must read from the database what came before.
    const node = await openSecondNode(app)
    t.after(() => node.close())

    const blocker = new pg.Client(url)
    await blocker.connect()
    t.after(() => blocker.end())
    await blocker.query("begin; select from owners where id = 'org_2' for no key update")
    const byTenant = { as: tenant, node }
    const path = '/v1/owners/org_2'
    let isOver = false
    t.after(() => {
      isOver = true
    })
    const again = async (ask: () => ReturnType<TestApp['call']>) => {
      const codes = new Set<string>()
      while (!isOver) {
        const { status, body } = await ask()
        codes.add(`${status} ${body.code}`)
      }
      return codes
    }
    const filter = { owner_id: 'org_2' }
    const inTheWay = Array.from({ length: 20 }, (_, n) => [
      again(() => app.call('PATCH', path, { name: `name ${n}` }, byTenant)),
      again(() => app.call('PATCH', path, { name: `name ${n}`, dry_run: true }, byTenant)),
      again(() => app.call('POST', '/v1/keys/bulk/disable', { filter, dry_run: true }, byTenant)),
    ]).flat()
    const waiting = async () => {
      const { rows } = await blocker.query(
        "select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
      )
      assert.ok(rows[0].n <= 7, `${rows[0].n} at once`)
      return rows[0].n
    }
    await eventually(async () => String((await waiting()) > 0), 'true')

    const ask = (method: string, path: string, body?: unknown) => app.call(method, path, body, { node })
    const { body: spender } = await ask('GET', `/v1/keys/${key.id}`)
    const spends = [{ credential_id: spender.secrets[0].id, cost: 1 }]
    for (let n = 0; n < 5; n += 1) {
      app.clock.advance({ seconds: 6 })
      const [verified, looked, spent, feed, ready] = await Promise.all([
        ask('POST', '/v1/verify', { credential: key.secret }),
        ask('POST', '/v1/lookups', { hashes: [hashCredential(key.secret)] }),
        ask('POST', '/v1/quota-spends', { spends }),
        ask('GET', `/v1/changes?once=true&after=${from}`),
        ask('GET', '/readyz'),
      ])
      assert.deepEqual([verified.status, verified.body.valid], [200, true])
      assert.deepEqual([looked.status, looked.body.data[0].record.key_id], [200, key.id])
      assert.deepEqual([spent.status, spent.body.data[0].granted], [200, true])
      assert.match(feed.text, /event: change/)
      assert.equal(ready.status, 200)
      await waiting()
    }
    // The provider's change is behind one of the tenant's, not behind all.
    const revoked = ask('POST', `/v1/keys/${key.id}/revoke`, { reason: 'leaked' })
    await blocker.query('rollback')
    isOver = true
    assert.equal((await revoked).status, 200)
    for (const codes of await Promise.all(inTheWay))
      for (const code of codes) assert.match(code, /^(200 undefined|503 (database_timeout|too_many_reads))$/)
  })
})
