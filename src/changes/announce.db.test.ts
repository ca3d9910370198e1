import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { ChangedHolders } from '@doorward/sdk/kernel'
import { sql } from 'kysely'
import { changesSince } from '../../test/bookmark.ts'
import { type TestClock, testClock } from '../../test/clock.ts'
import { openTestDatabase, type TestDatabase } from '../../test/database.ts'
import { announce } from './announce.store.ts'
import { type AlteredVerdicts, MAX_HASHES } from './change.ts'

describe('announcing a change', () => {
  let place: TestDatabase
  let clock: TestClock
  beforeEach(async () => {
    place = await openTestDatabase()
    clock = testClock()
  })
  afterEach(() => place.close())

  it('KEY-10: names the altered secrets, or their holders if they are too many', async () => {
    const { db } = place.database
    await db.insertInto('owners').values({ id: 'org_1', created_at: clock.now() }).execute()
    const life = { name: 'a', environment: 'live', scopes: [], metadata: '{}', created_by: 'test' }
    const key = { ...life, owner_id: 'org_1', created_at: clock.now() }
    await db
      .insertInto('keys')
      .values([
        { ...key, id: 'key_few' },
        { ...key, id: 'key_many' },
      ])
      .execute()
    const secrets = (holderId: string, from: number, to: number, retiredAt: Date | null = null) =>
      sql`
        insert into secrets (hash, id, holder_id, hint, created_at, retires_at, retired_at)
        select sha256(n::text::bytea), 'sec_' || n, ${holderId}, 'x', ${clock.now()}::timestamptz,
          ${retiredAt ?? new Date('2090-01-01')}::timestamptz, ${retiredAt}::timestamptz
        from generate_series(${from}::int, ${to}::int) as n`.execute(db)
    await secrets('key_few', 1, 3)
    // Ended long ago: no change of the key alters their verdicts.
    await secrets('key_few', 10, 10 + MAX_HASHES, new Date(clock.nowMs() - 2 * 86_400_000))
    await secrets('key_few', 4, 4, clock.now())
    await secrets('key_many', 1_001, 1_001 + MAX_HASHES)
    await secrets('adm_many', 2_001, 2_001 + MAX_HASHES)
    const all = (await db.selectFrom('secrets').select('id').execute()).map(({ id }) => id)
    const ended = { reason: 'revoked', at: clock.now() } as const
    const theirs = { ownerIds: ['org_1'], clientIds: [] }
    const table: [about: AlteredVerdicts, hashes: number | null, holders: ChangedHolders | null][] = [
      [{ holderId: 'key_few' }, 4, null],
      [{ secretId: 'sec_1' }, 1, null],
      [{ holderId: 'key_none' }, 0, null],
      [{ tokenHash: Buffer.alloc(32) }, 1, null],
      [{ grantIds: ['grt_none'] }, 0, null],
      [{ ownerId: 'org_1' }, null, theirs],
      [{ clientId: 'cli_1' }, null, { ownerIds: [], clientIds: ['cli_1'] }],
      [{ holderId: 'key_many' }, null, theirs],
      [{ secretIds: all }, null, theirs],
      ['everything', null, null],
      [{ holderId: 'adm_many' }, null, null],
    ]
    await db.transaction().execute(async (tx) => {
      for (const [about] of table)
        await announce(tx, clock.now(), 'a', about === 'everything' ? about : { ...about, ended })
    })
    const { changes } = await changesSince(db, 0)
    assert.deepEqual(
      changes.map(({ hashes, holders }) => [hashes?.length ?? null, holders]),
      table.map(([, ...expected]) => expected),
    )
    assert.deepEqual(changes[0]?.ended, ended)
    assert.match(changes[0]?.hashes?.[0] ?? '', /^[0-9a-f]{64}$/)
  })

  it('KEY-10: an owner’s change names its own clients too; with too many of them it reaches everything', async () => {
    const { db } = place.database
    await db.insertInto('owners').values({ id: 'org_1', created_at: clock.now() }).execute()
    const register = (from: number, to: number) =>
      sql`
        insert into clients (id, owner_id, name, type, environment, source, created_by, created_at,
          token_endpoint_auth_method, grant_types, required_scopes, optional_scopes, client_credentials_scopes,
          first_party, testers, refresh_grace_seconds, suspended_by_provider)
        select 'cli_' || n, 'org_1', 'x', 'public', 'live', 'registered', 'test', ${clock.now()}::timestamptz,
          'none', '{}', '{}', '{}', '{}', false, '{}', 0, false
        from generate_series(${from}::int, ${to}::int) as n`.execute(db)
    const suspended = () =>
      db.transaction().execute((tx) => announce(tx, clock.now(), 'a', { ownerId: 'org_1' }))
    await register(1, 2)
    await suspended()
    await register(3, MAX_HASHES)
    await suspended()
    const { changes } = await changesSince(db, 0)
    assert.deepEqual(
      changes.map(({ holders }) => holders?.clientIds.toSorted() ?? null),
      [['cli_1', 'cli_2'], null],
    )
  })
})
