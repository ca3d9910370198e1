import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import pg from 'pg'
import type { DatabasePlace } from '../../src/db/database.ts'
import { openDatabase } from '../../src/db/open.ts'
import { UnfitDatabaseError } from '../../src/db/session.ts'
import { isDatabaseUnavailable } from '../../src/db/unavailable.ts'
import { openTestApp, type TestApp } from '../app.ts'
import { ENGINE, testPlace } from '../database.ts'

/** Settings that an operator, a role or a script may have made, with the value that our sessions need. */
const HOSTILE: readonly (readonly [name: string, value: string, ours: string])[] = [
  ['datestyle', 'German, DMY', 'ISO, MDY'],
  ['timezone', 'Asia/Kathmandu', 'UTC'],
  ['intervalstyle', 'sql_standard', 'sql_standard'],
  ['extra_float_digits', '-15', '1'],
  ['bytea_output', 'escape', 'hex'],
  ['standard_conforming_strings', 'off', 'on'],
  ['array_nulls', 'off', 'on'],
  ['transform_null_equals', 'on', 'off'],
  ['gin_fuzzy_search_limit', '1', '0'],
  ['default_transaction_isolation', 'serializable', 'read committed'],
  ['default_transaction_read_only', 'on', 'off'],
  ['default_transaction_deferrable', 'on', 'off'],
  ['enable_incremental_sort', 'on', 'off'],
  ['client_encoding', 'LATIN1', 'UTF8'],
  ['statement_timeout', '1s', '10s'],
  ['lock_timeout', '1ms', '5s'],
  ['idle_in_transaction_session_timeout', '1ms', '10s'],
]

/** Connections of this process. */
function sockets(): Socket[] {
  const { _getActiveHandles: handles } = process as unknown as { _getActiveHandles: () => unknown[] }
  return handles.call(process).filter((handle) => handle instanceof Socket)
}

async function onDatabase(place: DatabasePlace, texts: (name: string) => readonly string[]): Promise<void> {
  const database = await openDatabase(place)
  const { rows } = await sql<{ name: string }>`select current_database() as name`.execute(database.db)
  for (const text of texts(rows[0]?.name ?? '')) await sql`${sql.raw(text)}`.execute(database.db)
  await database.close()
}

async function setAll(place: DatabasePlace): Promise<void> {
  await onDatabase(place, (name) =>
    HOSTILE.map(([setting, value]) => `alter database "${name}" set ${setting} = '${value}'`),
  )
}

describe('a database with its own settings', () => {
  it('STO-06: every session has the settings that we rely on, whatever the database sets', {
    skip: ENGINE !== 'postgres' && 'PGlite has no sessions but one',
  }, async () => {
    const { place, release } = await testPlace({ empty: true })
    await setAll(place)
    const database = await openDatabase(place)
    for (const [setting, , ours] of HOSTILE) {
      const { rows } = await sql<{ found: string }>`select current_setting(${setting}) as found`.execute(
        database.db,
      )
      assert.equal(rows[0]?.found, ours, setting)
    }
    await database.close()
    await release()
  })

  it('OPS-08: the silence of a connection that waits for a query is no reason to close it', {
    skip: ENGINE !== 'postgres' && 'PGlite has no connections',
  }, async () => {
    const { place, release } = await testPlace({ empty: true })
    const before = new Set(sockets())
    const { db, verdicts, close } = await openDatabase(place)
    for (const pool of [db, verdicts]) await sql`select 1`.execute(pool)
    const opened = sockets().filter((socket) => !before.has(socket))
    assert.deepEqual(
      opened.map(({ timeout }) => timeout),
      [0, 0],
    )
    await close()
    await release()
  })

  it('STO-06: a value that a driver would read as null is an error', async () => {
    const { place, release } = await testPlace({ empty: true })
    const { db, close } = await openDatabase(place)
    for (const found of [
      "'infinity'::timestamptz",
      "'0044-03-15 BC'::timestamptz",
      'now()::timestamp',
      'now()::date',
    ])
      await assert.rejects(sql`select ${sql.raw(found)} as at`.execute(db), /cannot be read/, found)
    await close()
    await release()
  })

  const unfit: [what: string, change: (name: string) => string, words: RegExp][] = [
    [
      'no schema',
      (name) => `alter database "${name}" set search_path = nowhere`,
      /There is no schema for tables/,
    ],
    [
      'another schema before pg_catalog',
      (name) => `alter database "${name}" set search_path = public, pg_catalog`,
      /before pg_catalog/,
    ],
  ]
  for (const [what, change, words] of unfit)
    it(`is refused with a clear message: ${what}`, {
      skip: ENGINE !== 'postgres' && 'PGlite is nobody else’s',
    }, async () => {
      const { place, release } = await testPlace()
      await onDatabase(place, (name) => [change(name)])
      const { db, verdicts, close } = await openDatabase(place)
      for (const each of [db, verdicts])
        await assert.rejects(sql`select 1`.execute(each), (error) => {
          assert.ok(error instanceof UnfitDatabaseError && isDatabaseUnavailable(error))
          assert.match(error.message, words)
          return true
        })
      await close()
      await release()
    })
})

describe('Doorward on a database with its own settings', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp({}, { preparePlace: setAll })
  })
  after(() => app.close())
  const secretOf = async (id: string) => (await app.call('GET', `/v1/keys/${id}`)).body.secrets[0]
  const verdict = async (credential: string) => (await app.call('POST', '/v1/verify', { credential })).body

  it('STO-06 KEY-10: an admin key that was revoked, or has expired, is refused', async () => {
    const asked = { name: 'x', permissions: ['keys:read', 'verify'] }
    const { body: revoked } = await app.call('POST', '/v1/admin-keys', asked)
    const expires_at = new Date(app.clock.nowMs() + 3_600_000).toISOString()
    const { body: expiring } = await app.call('POST', '/v1/admin-keys', { ...asked, expires_at })
    assert.equal(expiring.expires_at, expires_at)
    for (const { secret } of [revoked, expiring])
      assert.equal((await app.call('GET', '/v1/keys?limit=1', undefined, { as: secret })).status, 200)
    await app.call('POST', `/v1/admin-keys/${revoked.id}/revoke`, { reason: 'x' })
    app.clock.advance({ hours: 2 })
    for (const { secret: as } of [revoked, expiring]) {
      assert.equal((await app.call('GET', '/v1/keys?limit=1', undefined, { as })).status, 401)
      assert.equal((await app.call('POST', '/v1/verify', { credential: 'x' }, { as })).status, 401)
    }
  })

  it('STO-06 KEY-08: keys show their expiry, expire at it, and do not become active again', async () => {
    const expiring = await app.keyFor('org_1', { lifetime_seconds: 60 })
    const revoked = await app.keyFor('org_1')
    const suspended = await app.keyFor('org_2')
    const { body } = await app.call('GET', `/v1/keys/${expiring.id}`)
    assert.equal(body.expires_at, new Date(app.clock.nowMs() + 60_000).toISOString())
    const before = new Date(app.clock.nowMs() + 3_600_000).toISOString()
    const { body: soon } = await app.call('GET', `/v1/keys?expiring_before=${before}&state=active`)
    assert.deepEqual(
      soon.data.map(({ id }: { id: string }) => id),
      [expiring.id],
    )
    for (const { secret } of [expiring, revoked, suspended]) assert.equal((await verdict(secret)).valid, true)
    await app.call('POST', `/v1/keys/${revoked.id}/revoke`, {})
    await app.call('POST', '/v1/owners/org_2/suspend', { reason: 'x' })
    app.clock.advance({ seconds: 61 })
    const expected: [key: { id: string; secret: string }, state: string, reason: string][] = [
      [expiring, 'expired', 'expired'],
      [revoked, 'revoked', 'revoked'],
      [suspended, 'suspended', 'owner_suspended'],
    ]
    for (const [{ id, secret }, state, reason] of expected) {
      assert.equal((await app.call('GET', `/v1/keys/${id}`)).body.state, state)
      assert.equal((await verdict(secret)).refusal.reason, reason)
      const { body: listed } = await app.call('GET', `/v1/keys?state=${state}`)
      assert.deepEqual(
        listed.data.map((each: { id: string }) => each.id),
        [id],
      )
    }
    const late = await app.call('PATCH', `/v1/keys/${expiring.id}`, { expires_at: before })
    assert.equal(late.status, 409)
  })

  it('STO-06: quotas are spent to the last unit, and counted exactly', async () => {
    const key = await app.keyFor('org_3', { quota: { limit: 1234567, period: 'month' } })
    await app.db
      .insertInto('quota_spent')
      .values({
        holder_id: key.id,
        period: 'month',
        period_start: new Date(Date.UTC(app.clock.now().getUTCFullYear(), app.clock.now().getUTCMonth())),
        spent: 1234566,
      })
      .execute()
    assert.equal((await verdict(key.secret)).valid, true)
    assert.equal((await verdict(key.secret)).refusal.reason, 'quota_exceeded')
    const { body } = await app.call('GET', `/v1/keys/${key.id}/quotas`)
    assert.equal(body.data[0].spent, 1234567)
  })

  it('STO-06: returns stored values unchanged: backslashes, quotes, other alphabets, and null as null', async () => {
    const metadata = { path: 'C:\\new\\x41', "it's": '“ключ” \t' }
    const key = await app.keyFor('org_4', { metadata, name: "a 'quoted' \\ name é漢" })
    const { body } = await app.call('GET', `/v1/keys/${key.id}`)
    assert.deepEqual([body.metadata, body.name], [metadata, "a 'quoted' \\ name é漢"])
    assert.deepEqual((await verdict(key.secret)).principal.metadata, metadata)
    const minute = app.clock.now().toISOString()
    const item = {
      credential_id: (await secretOf(key.id)).id,
      ...{ outcome: 'accepted', scope: '', minute, count: 1, calls: 1 },
      ...{ last_at: minute, last_ip: null, last_user_agent: null },
    }
    const batch = { id: 'batch_00000001', items: [item], exposed: [] }
    const taken = await app.call('POST', '/v1/usage-batches', batch)
    assert.deepEqual([taken.status, taken.body], [200, { not_taken: [] }])
    const used = await secretOf(key.id)
    assert.deepEqual([used.last_used_at, used.last_used_ip], [minute, null])
    const { body: usage } = await app.call('GET', `/v1/keys/${key.id}/usage?grain=minute`)
    assert.deepEqual(
      usage.data.map((row: { bucket: string; count: number }) => [row.bucket, row.count]),
      [[`${minute.slice(0, 16)}:00.000Z`, 1]],
    )
  })

  it('STO-06: concurrent changes are all made, and the audit chain is whole', async () => {
    const asked = { owner_id: 'org_5', name: 'a key', environment: 'live', scopes: ['orders:read'] }
    const made = await Promise.all(
      Array.from({ length: 6 }, (_, n) =>
        app.call('POST', '/v1/keys', asked, { headers: { 'idempotency-key': `key-${n}` } }),
      ),
    )
    assert.deepEqual([...new Set(made.map(({ status }) => status))], [201])
    assert.equal((await app.call('DELETE', '/v1/scopes/orders:read')).status, 409)
    assert.equal((await app.call('GET', '/v1/audit-events/verification')).body.intact, true)
  })
})

it('STO-06: only the drivers’ own parsers read a moment', () => {
  const parse = pg.types.getTypeParser(1184) as (text: string) => unknown
  assert.throws(() => parse('01.03.2026 12:00:00 UTC'), /cannot be read/)
})
