import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { explaining } from '../../test/explaining.ts'
import { addSeconds } from '../base/clock.ts'
import type { Db } from '../db/schema.ts'
import { dayOf } from './key.ts'
import type { KeyFilter, KeyPosition, KeySort } from './key-filter.ts'
import { lapseKeys, refreshKeyHints } from './key-hints.store.ts'
import { type KeyPageRequest, listKeys } from './key-list.store.ts'

const DAY = 86_400
const MANY = 20_000
const LIMIT = 50

describe('lists of keys at size', () => {
  let app: TestApp
  let now: Date
  before(async () => {
    app = await openTestApp()
    app.clock.advance({ days: 400 })
    now = app.clock.now()
    const { db } = app
    await sql`alter table secrets disable trigger secrets_end_keys`.execute(db)
    const madeAt = addSeconds(now, -300 * DAY)
    await sql`
      insert into owners (id, created_at)
      select 'org_' || n, ${madeAt}::timestamptz from generate_series(0, 499) as n`.execute(db)
    // Half of the keys belong to one owner, and the newest half of these have lapsed.
    const lapses = sql`n % 2 = 0 and n > ${MANY / 2}::integer`
    await sql`
      insert into keys (
        id, owner_id, name, environment, scopes, metadata, created_by, created_at, seen_day, ends_at, lapsed
      )
      select 'key_many' || n, case when n % 2 = 0 then 'org_0' else 'org_' || (n % 499 + 1) end, 'k', 'live', '{}', '{}',
        'adm_1', ${madeAt}::timestamptz + n * interval '1 minute', ${dayOf(now)}::integer,
        case when ${lapses} then ${addSeconds(now, -DAY)}::timestamptz end, ${lapses}
      from generate_series(1, ${MANY}::integer) as n`.execute(db)
    await sql`
      insert into secrets (hash, id, holder_id, hint, created_at, expires_at, last_used_at)
      select sha256(id::bytea), 'sec_' || id, id, 'sk_live_abcd…', created_at, ends_at, ${now}::timestamptz from keys`.execute(
      db,
    )
    await sql`alter table secrets enable trigger secrets_end_keys`.execute(db)
    const rare = async (id: string, owner: string, key: object, secret: object = {}) => {
      const created_at = addSeconds(madeAt, -DAY)
      const same = { name: 'rare', scopes: [], metadata: '{}', created_by: 'adm_1', created_at }
      const seen_day = dayOf(now)
      await db
        .insertInto('keys')
        .values({ id, owner_id: owner, environment: 'live', ...same, seen_day, ...key })
        .execute()
      await sql`
        insert into secrets (hash, id, holder_id, hint, created_at, last_used_at)
        values (sha256(convert_to(${id}, 'UTF8')), ${`sec_${id}`}, ${id}, 'sk_live_abcd…', ${created_at}, ${now})`.execute(
        db,
      )
      if (Object.keys(secret).length > 0)
        await db.updateTable('secrets').set(secret).where('holder_id', '=', id).execute()
    }
    await db
      .insertInto('owners')
      .values({ id: 'org_stopped', created_at: madeAt, suspended_at: now })
      .execute()
    for (const owner of ['org_0', 'org_7']) {
      await rare(`key_revoked${owner}`, owner, { revoked_at: now })
      await rare(`key_disabled${owner}`, owner, { disabled_at: now })
      await rare(`key_test${owner}`, owner, { environment: 'test' })
      await rare(`key_ends${owner}`, owner, {}, { expires_at: addSeconds(now, DAY) })
      await rare(`key_quiet${owner}`, owner, { seen_day: 0 }, { last_used_at: null })
    }
    await rare('key_stopped', 'org_stopped', {})
    await db.transaction().execute((tx) => lapseKeys(tx, now, 1_000_000))
    await refreshKeyHints(db)
    for (const table of ['keys', 'secrets', 'owners']) await sql`analyze ${sql.table(table)}`.execute(db)
  })
  after(() => app.close())

  const page = async (db: Db, filter: KeyFilter, more: Partial<KeyPageRequest> = {}) => {
    const found = await listKeys(db, 'every_owner', filter, { after: null, limit: LIMIT, now, ...more })
    assert.ok(typeof found === 'object')
    return found
  }
  const list = async (db: Db, filter: KeyFilter, sort?: KeySort) => (await page(db, filter, { sort })).keys

  const inAWeek = () => addSeconds(now, 7 * DAY)
  const aMonthAgo = () => addSeconds(now, -30 * DAY)
  const filters: [name: string, filter: () => KeyFilter, found: number, ofOne: number][] = [
    ['nothing', () => ({}), LIMIT, LIMIT],
    ['environment', () => ({ environment: 'test' }), 2, 1],
    ['active', () => ({ states: ['active'] }), LIMIT, LIMIT],
    ['disabled', () => ({ states: ['disabled'] }), 2, 1],
    ['suspended', () => ({ states: ['suspended'] }), 1, 0],
    ['expired', () => ({ states: ['expired'] }), LIMIT, LIMIT],
    ['revoked', () => ({ states: ['revoked'] }), 2, 1],
    ['expiring before', () => ({ expiringBefore: inAWeek() }), 2, 1],
    ['unused since', () => ({ unusedSince: aMonthAgo() }), 2, 1],
    ['active and unused', () => ({ states: ['active'], unusedSince: aMonthAgo() }), 2, 1],
    ['suspended and expiring', () => ({ states: ['suspended'], expiringBefore: inAWeek() }), 0, 0],
    ['disabled and expiring', () => ({ states: ['disabled'], expiringBefore: inAWeek() }), 0, 0],
  ]
  for (const [name, filterOf, found, ofOne] of filters)
    for (const [whose, ownerId] of [
      ['all', undefined],
      ['one owner with very many', 'org_0'],
    ])
      it(`STO-11: a page costs what it shows, not what is stored: ${name}, of ${whose}`, async () => {
        const filter = { ...filterOf(), ownerId }
        assert.equal((await list(app.db, filter)).length, ownerId === undefined ? found : ofOne)
        const explained = explaining(app.db)
        await list(explained.db, filter)
        // A page and the first row of the next, their owners, and the secrets that prove that a key was not used.
        assert.ok(explained.total() <= 5 * (LIMIT + 1), `${explained.total()} rows examined`)
      })

  it('STO-11: a page in the middle of a list costs the same, and pages skip and repeat nothing, in each order', async () => {
    for (const filter of [
      { ownerId: 'org_7' },
      { states: ['expired'], ownerId: 'org_0' },
      { states: ['active'], ownerId: 'org_7', expiringBefore: inAWeek() },
      { unusedSince: addSeconds(now, 1), ownerId: 'org_7' },
    ] satisfies KeyFilter[]) {
      const whole = (await page(app.db, filter, { limit: MANY })).keys
      const paged: string[] = []
      for (let after: KeyPosition | null = null; ; ) {
        const { keys, next }: Awaited<ReturnType<typeof page>> = await page(app.db, filter, {
          after,
          limit: 7,
        })
        paged.push(...keys.map(({ id }) => id))
        const explained = explaining(app.db)
        await page(explained.db, filter, { after, limit: 7 })
        assert.ok(explained.total() <= 5 * (LIMIT + 1), `${explained.total()} rows examined`)
        after = next
        if (after === null || paged.length > 100) break
      }
      assert.deepEqual(
        paged,
        whole.slice(0, paged.length).map(({ id }) => id),
      )
    }
  })

  it('STO-11: a page of expired keys costs the same where very many expired at once, and none is left out', async () => {
    const { db } = app
    await sql`
      insert into keys (
        id, owner_id, name, environment, scopes, metadata, created_by, created_at, seen_day, ends_at
      )
      select 'key_late' || n, 'org_7', 'k', 'live', '{}', '{}', 'adm_1', ${now}::timestamptz + n * interval '1 ms',
        ${dayOf(now)}::integer, ${addSeconds(now, -60)}::timestamptz
      from generate_series(1, 4000) as n`.execute(db)
    await sql`
      insert into secrets (hash, id, holder_id, hint, created_at, expires_at)
      select sha256(id::bytea), 'sec_' || id, id, 'sk_live_abcd…', created_at, ends_at
      from keys where id like 'key\\_late%'`.execute(db)
    for (const table of ['keys', 'secrets']) await sql`analyze ${sql.table(table)}`.execute(db)
    const filter: KeyFilter = { states: ['expired'] }
    const explained = explaining(db)
    assert.equal((await list(explained.db, filter, 'created')).length, LIMIT)
    assert.ok(explained.total() <= 1_001 + 5 * (LIMIT + 1), `${explained.total()} rows examined`)
    const found = new Set<string>()
    for (let after: KeyPosition | null = null; ; ) {
      const { keys, next }: Awaited<ReturnType<typeof page>> = await page(db, filter, {
        ...{ after, limit: 2_000, sort: 'created' },
      })
      for (const { id } of keys) found.add(id)
      after = next
      if (after === null) break
    }
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from keys where ends_at <= ${now}::timestamptz and revoked_at is null`.execute(
      db,
    )
    assert.equal(found.size, rows[0]?.n)
  })

  it('STO-11: walks that go on, and sets too large for their bound, skip and repeat nothing', async () => {
    const { db } = app
    const number = sql`substr(id, 9)::integer`
    // Some all along the list, and very many that only its end has. Without `analyze`, so that estimates are wrong.
    await sql`
      update keys set scopes = case when ${number} % 61 = 0 then '{often}'::text[] else '{old}' end, used_day = 0
      where id like 'key\\_many%' and (${number} % 61 = 0 or ${number} <= 11000)`.execute(db)
    await sql`
      update secrets set last_used_at = null
      where holder_id in (select id from keys where used_day = 0 and id like 'key\\_many%')`.execute(db)
    const states = ['active', 'disabled', 'suspended'] as const
    for (const [scope, more, sorts] of [
      ['often', {}, ['created', 'name']],
      ['old', {}, ['created', 'last_used']],
      ['old', { neverUsed: true }, ['created', 'expires']],
      ['often', { ownerId: 'org_0', createdBy: 'adm_1' }, ['created', 'name']],
    ] as const satisfies [string, KeyFilter, KeySort[]][]) {
      const { rows } = await sql<{ id: string }>`
        select id from keys where scopes @> array[${scope}]::text[] and not lapsed and revoked_at is null
          and (${'ownerId' in more} = false or owner_id = 'org_0')
        order by created_at desc, id desc`.execute(db)
      const expected = rows.map(({ id }) => id)
      for (const sort of sorts) {
        const filter = { scope, states, ...more }
        const shown: string[] = []
        for (let after: KeyPosition | null = null; ; ) {
          const { keys, next }: Awaited<ReturnType<typeof page>> = await page(db, filter, {
            ...{ after, limit: 900, sort },
          })
          shown.push(...keys.map(({ id }) => id))
          after = next
          if (after === null) break
        }
        const what = JSON.stringify([filter, sort])
        if (sort === 'created') assert.deepEqual(shown, expected, what)
        else assert.deepEqual(shown.toSorted(), expected.toSorted(), what)
      }
    }
  })
})
