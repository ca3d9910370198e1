import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { openLog } from '../http/log.ts'
import type { Origin } from './audit-event.ts'
import { deleteOldAttempts } from './refused-attempt.store.ts'
import { RefusedAttempts } from './refused-attempts.ts'

const CODES = ['no_credential', 'invalid_token', 'malformed_header', 'credential_in_url'] as const

describe('refused attempts', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
  })
  after(() => app.close())

  const open = () => new RefusedAttempts(app.db, openLog('silent'))
  const from = (ip: string | null, actorId: string | null = null): Origin => ({
    actor: actorId === null ? { kind: 'anonymous', id: null } : { kind: 'admin_key', id: actorId },
    ip,
    requestId: 'req_test',
    now: app.clock.now(),
  })
  const attempt = (n: number) => ({
    code: CODES[n % CODES.length] ?? ('no_credential' as const),
    method: 'GET',
    route: `/v1/things/${n % 90}`,
    targetId: null,
    ownerId: null,
  })
  const rows = () => app.db.selectFrom('refused_attempts').selectAll().orderBy('began_at').execute()
  const events = async () => {
    const found = await app.db
      .selectFrom('audit_events')
      .select('detail')
      .where('result', '=', 'refused')
      .orderBy('seq')
      .execute()
    return found.map(({ detail }) => detail as { repeated?: number })
  }
  const clear = () => app.db.deleteFrom('refused_attempts').execute()

  it('AUD-12: strangers cannot write into the audit log, in any number and by any request', async () => {
    const before = await events()
    const attempts = open()
    for (let n = 0; n < 20_000; n++)
      await attempts.record(from(`2001:db8:${(n >> 4).toString(16)}:${(n & 15).toString(16)}::1`), attempt(n))
    await attempts.flush(app.clock.now())
    assert.deepEqual(await events(), before)
    const stored = await rows()
    assert.equal(stored.length, 31)
    assert.equal(
      stored.reduce((sum, { attempts }) => sum + attempts, 0),
      20_000,
    )
    const rest = stored.filter(({ network }) => network === null)
    assert.deepEqual(
      rest.map(({ ip }) => ip),
      [null],
      'no address stands for the others',
    )
    await clear()
  })

  it('AUD-12: the API keys of an owner, however many there are, cannot write into the audit log', async () => {
    const before = await events()
    const { secret } = await app.keyFor('org_1')
    for (let n = 0; n < 30; n++) {
      const { status } = await app.call('POST', '/v1/self/rotate', {}, { as: secret })
      assert.equal(status, 403)
    }
    const { body } = await app.call('GET', '/v1/refused-attempts')
    const [{ codes, routes }] = body.data
    assert.deepEqual([codes, routes], [{ insufficient_permission: 30 }, ['POST /v1/self/rotate']])
    await clear()
    const attempts = open()
    for (let n = 0; n < 2_000; n++) {
      const actor = { kind: 'api_key', id: `key_${n % 1_000}` } as const
      await attempts.record({ ...from(`192.0.2.${n % 250}`), actor }, attempt(n))
    }
    await attempts.flush(app.clock.now())
    assert.equal((await rows()).length, 31)
    assert.deepEqual(await events(), before)
    await clear()
  })

  it('AUD-12: one network has one row a minute, with all its codes and twenty routes', async () => {
    const attempts = open()
    for (let n = 0; n < 1000; n++) {
      await attempts.record(from(`2001:db8:0:7::${n.toString(16)}`), attempt(n))
      if (n % 100 === 0) await attempts.flush(app.clock.now())
    }
    await attempts.flush(app.clock.now())
    const [row, ...more] = await rows()
    assert.deepEqual(more, [])
    assert.deepEqual([row?.network, row?.ip, row?.attempts], ['2001:db8:0:7', '2001:db8:0:7::3e7', 1000])
    assert.deepEqual(row?.codes, Object.fromEntries(CODES.map((code) => [code, 250])))
    assert.equal(row?.routes.length, 20)

    app.clock.advance({ seconds: 61 })
    await attempts.record(from('2001:db8:0:7::1'), attempt(0))
    await attempts.flush(app.clock.now())
    assert.deepEqual(
      (await rows()).map(({ attempts }) => attempts),
      [1000, 1],
    )
    await clear()
  })

  it('AUD-12: an admin key has twenty events a minute, and one with the number of the rest', async () => {
    const before = (await events()).length
    const attempts = open()
    for (let n = 0; n < 500; n++) await attempts.record(from('192.0.2.1', 'adm_tenant'), attempt(n))
    await attempts.record(from('192.0.2.1', 'adm_other'), attempt(0))
    assert.equal((await events()).length, before + 21)
    app.clock.advance({ seconds: 61 })
    await attempts.flush(app.clock.now())
    const all = await events()
    assert.equal(all.length, before + 22)
    assert.equal(all.at(-1)?.repeated, 480)
  })

  it('AUD-12: stores what could not be stored once the database is back', async () => {
    const db = { ...app.db, insertInto: app.db.insertInto.bind(app.db) }
    const attempts = new RefusedAttempts(db as typeof app.db, openLog('silent'))
    db.insertInto = () => {
      throw new Error('no database')
    }
    await attempts.record(from('192.0.2.9'), attempt(0))
    await attempts.flush(app.clock.now(), true)
    assert.deepEqual(await rows(), [])
    db.insertInto = app.db.insertInto.bind(app.db)
    app.clock.advance({ seconds: 300 })
    await attempts.record(from('192.0.2.9'), attempt(1))
    await attempts.flush(app.clock.now(), true)
    assert.deepEqual(
      (await rows()).map(({ attempts }) => attempts),
      [2],
    )
    await clear()
  })

  it('STO-05: are deleted after two weeks', async () => {
    const attempts = open()
    await attempts.record(from('192.0.2.1'), attempt(0))
    await attempts.flush(app.clock.now(), true)
    app.clock.advance({ days: 13 })
    await deleteOldAttempts(app.db, app.clock.now())
    assert.equal((await rows()).length, 1)
    app.clock.advance({ days: 2 })
    await deleteOldAttempts(app.db, app.clock.now())
    assert.deepEqual(await rows(), [])
  })

  it('AUD-12 MGT-02: are listed newest first, to an admin key for all owners', async () => {
    await app.call('GET', '/v1/keys', undefined, { as: null })
    await app.call('GET', '/v1/keys', undefined, { as: 'ak_nonsense' })
    const { body } = await app.call('GET', '/v1/refused-attempts')
    const [{ attempts, codes, routes }] = body.data
    assert.deepEqual([attempts, codes, routes], [2, { no_credential: 1, invalid_token: 1 }, ['GET /v1/keys']])
    const bound = await app.adminKeyWith(['audit:read'], 'org_1')
    const refused = await app.call('GET', '/v1/refused-attempts', undefined, { as: bound })
    assert.deepEqual([refused.status, refused.body.code], [403, 'owner_not_covered'])
  })
})
