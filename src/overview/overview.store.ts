import { type RawBuilder, sql } from 'kysely'
import { addSeconds } from '../base/clock.ts'
import type { Db } from '../db/schema.ts'
import { hasNotEnded, LIVE } from '../keys/key.store.ts'
import { END, isIn } from '../keys/key-conditions.store.ts'
import { type KeyCount, MOST_COUNTED } from '../keys/key-counts.store.ts'
import { environmentsOf, ownerOf, type Reach } from '../management/caller.ts'
import { secretsOf } from '../secrets/secret.store.ts'
import { type Rotation, runningRotation } from '../secrets/secret.ts'

const DAY_SECONDS = 24 * 3600

/** Bounds of the ages, in days; the last has no end. */
const AGES = [0, 7, 30, 90, 365] as const

export interface KeysOfAge {
  readonly fromDays: number
  readonly toDays: number | null
  readonly keys: KeyCount
}

/** Keys that are neither revoked nor expired, by age. */
export async function keysByAge(db: Db, reach: Reach, now: Date): Promise<KeysOfAge[]> {
  const ago = (days: number) => addSeconds(now, -days * DAY_SECONDS)
  const ages = AGES.map((fromDays, at) => ({ fromDays, toDays: AGES[at + 1] ?? null }))
  const parts = ages.map(({ fromDays, toDays }, at) => {
    const where = [
      // Nothing was made after now; the newest age takes clocks that differ.
      ...(fromDays === 0 ? [] : [sql`created_at <= ${ago(fromDays)}::timestamptz`]),
      ...(toDays === null ? [] : [sql`created_at > ${ago(toDays)}::timestamptz`]),
    ]
    const rows = keysByCreation(reach, where, MOST_COUNTED + 1)
    const counts = sql`${hasNotEnded(now)} and ${isIn(reach)}`
    return sql`
      select ${sql.lit(at)} as at, count(*)::int as read, (count(*) filter (where ${counts}))::int as n
      from (${rows}) as keys`
  })
  const { rows } = await sql<{ at: number; read: number; n: number }>`
    ${sql.join(parts, sql` union all `)}`.execute(db)
  const found = new Map(rows.map((row) => [row.at, row]))
  return ages.map((age, at) => {
    const { read = 0, n = 0 } = found.get(at) ?? {}
    return { ...age, keys: { count: Math.min(n, MOST_COUNTED), atLeast: read > MOST_COUNTED } }
  })
}

/** Keys counted of each day of the calendar, so that it reads a bounded number of rows. */
export const MOST_A_DAY = 1_000

export interface KeysOfDay {
  readonly on: Date
  readonly keys: KeyCount
}

/** Keys that are not revoked and expire within some days of UTC, by day; the first is today, from now on. */
export async function keysByExpiry(db: Db, reach: Reach, now: Date, days: number): Promise<KeysOfDay[]> {
  const today = addSeconds(now, -((now.getTime() / 1000) % DAY_SECONDS))
  const starts = Array.from({ length: days }, (_, at) => addSeconds(today, at * DAY_SECONDS))
  const where = [
    sql`revoked_at is null`,
    sql`${END} > greatest(${now}::timestamptz, day.starts - interval '1 millisecond')`,
    sql`${END} < day.starts + interval '1 day'`,
  ]
  const { rows } = await sql<{ on: Date; read: number; n: number }>`
    select day.starts as on, keys.read, keys.n from unnest(${starts}::timestamptz[]) as day (starts)
    cross join lateral (
      select count(*)::int as read, (count(*) filter (where ${isIn(reach)}))::int as n
      from (${boundedKeys(reach, where, END, MOST_A_DAY + 1)}) as keys
    ) as keys`.execute(db)
  const found = new Map(rows.map((row) => [row.on.getTime(), row]))
  return starts.map((on) => {
    const { read = 0, n = 0 } = found.get(on.getTime()) ?? {}
    return { on, keys: { count: Math.min(n, MOST_A_DAY), atLeast: read > MOST_A_DAY } }
  })
}

/** Keys by when they were made; those of some environments by the index of each, for all states. */
function keysByCreation(
  reach: Reach,
  where: readonly RawBuilder<unknown>[],
  limit: number,
): RawBuilder<unknown> {
  const environments = environmentsOf(reach)
  if (environments === null || ownerOf(reach) !== null)
    return boundedKeys(reach, [LIVE, ...where], sql`created_at`, limit)
  // Compared as in the lists of keys, so that Postgres takes the index of environments.
  const isOf = [sql`keys.environment >= each.name and keys.environment <= each.name`, ...where]
  return sql`
    select keys.* from unnest(${[...environments]}::text[]) as each (name) cross join lateral (
      select revoked_at, lapsed, ends_at, environment from keys where ${sql.join(isOf, sql` and `)}
      order by keys.environment, created_at limit ${limit}
    ) as keys`
}

/** In the order of an index, so that the walk is through what matches; one owner is compared as in the lists of keys. */
function boundedKeys(
  reach: Reach,
  where: readonly RawBuilder<unknown>[],
  column: RawBuilder<unknown>,
  limit: number,
): RawBuilder<unknown> {
  const ownerId = ownerOf(reach)
  const isOf = ownerId === null ? [] : [sql`keys.owner_id >= ${ownerId} and keys.owner_id <= ${ownerId}`]
  const order = ownerId === null ? column : sql`keys.owner_id, ${column}`
  return sql`
    select revoked_at, lapsed, ends_at, environment from keys where ${sql.join([...where, ...isOf], sql` and `)}
    order by ${order} limit ${limit}`
}

/** Few enough that Postgres walks the index of rotations rather than all secrets. */
const MOST_ROTATIONS = 1_000

/** A rotation under way, with its key. */
export interface KeyRotation {
  readonly keyId: string
  readonly name: string
  readonly ownerId: string
  readonly rotation: Rotation
}

/** Rotations under way: how many, exact up to {@link MOST_ROTATIONS}, and those whose overlap ends first. */
export async function rotationsUnderWay(
  db: Db,
  reach: Reach,
  now: Date,
  shown: number,
): Promise<{ running: KeyCount; first: KeyRotation[] }> {
  const ownerId = ownerOf(reach)
  const retiring =
    ownerId === null ? retiringSecrets(reach, now) : keysWith(reach, sql`min(retires_at)`, IS_RETIRING, now)
  const { rows } = await sql<{ read: number; n: number; ids: string[] | null }>`
    select count(*)::int as read, count(key_id)::int as n,
      (array_agg(key_id order by at, key_id)
        filter (where key_id is not null))[1:${sql.lit(shown)}] as ids
    from (${retiring}) as retiring`.execute(db)
  const { read = 0, n = 0, ids } = rows[0] ?? {}
  const first = await rotationsOf(db, ids ?? [], now)
  const most = ownerId === null ? MOST_ROTATIONS : MOST_COUNTED
  const atLeast = n > MOST_ROTATIONS || read > most
  return { running: { count: Math.min(n, MOST_ROTATIONS), atLeast }, first }
}

/** As in the index. */
const IS_RETIRING = sql`retires_at is not null and retired_at is null and revoked_at is null`

function retiringSecrets(reach: Reach, now: Date): RawBuilder<unknown> {
  return sql`
    select retires_at as at, ${keyOf(reach, now)} as key_id from (
      select holder_id, retires_at, retired_at, revoked_at, expires_at from secrets
      where ${IS_RETIRING} and retires_at > ${now}::timestamptz
      order by retires_at limit ${MOST_ROTATIONS + 1}
    ) as secrets offset 0`
}

async function rotationsOf(db: Db, ids: readonly string[], now: Date): Promise<KeyRotation[]> {
  if (ids.length === 0) return []
  const keys = await db
    .selectFrom('keys')
    .select(['id as keyId', 'name', 'owner_id as ownerId'])
    .where('id', 'in', ids)
    .execute()
  const secrets = await secretsOf(db, ids)
  const found = keys.flatMap((key) => {
    const own = secrets.filter(({ holderId }) => holderId === key.keyId)
    const rotation = runningRotation(own, now)
    return rotation === null ? [] : [{ ...key, rotation }]
  })
  return found.sort((a, b) => a.rotation.endsAt.getTime() - b.rotation.endsAt.getTime())
}

/** Keys with a secret that still works and was seen in a URL. */
export async function countExposed(db: Db, reach: Reach, now: Date): Promise<KeyCount> {
  const ownerId = ownerOf(reach)
  const isExposed = sql`exposed_at is not null`
  const exposed =
    ownerId === null
      ? sql`
          select ${keyOf(reach, now)} as key_id from (
            select holder_id, retires_at, retired_at, revoked_at, expires_at from secrets
            where ${isExposed} order by exposed_at desc limit ${MOST_COUNTED + 1}
          ) as secrets offset 0`
      : keysWith(reach, sql`max(exposed_at)`, isExposed, now)
  const { rows } = await sql<{ read: number; n: number }>`
    select count(*)::int as read, count(distinct key_id)::int as n from (${exposed}) as exposed`.execute(db)
  const { read = 0, n = 0 } = rows[0] ?? {}
  return { count: Math.min(n, MOST_COUNTED), atLeast: read > MOST_COUNTED }
}

/**
 * The newest live keys of the owner within reach, each with a value of its working secrets that fulfil a condition; null ids where none
 * does. From its keys: of all secrets up to a bound, the owner's might be none, and their number would depend on others.
 */
function keysWith(
  reach: Reach,
  value: RawBuilder<unknown>,
  is: RawBuilder<unknown>,
  now: Date,
): RawBuilder<unknown> {
  const ownerId = ownerOf(reach)
  const keys = sql`
    select id, environment from keys where ${LIVE} and owner_id >= ${ownerId} and owner_id <= ${ownerId}
    order by owner_id desc, created_at desc limit ${MOST_COUNTED + 1}`
  // A subquery for each row: a join might read all secrets first. `offset 0`: it is not repeated for each mention.
  return sql`
    select at, case when at is not null then id end as key_id from (
      select id, (
        select ${value} from secrets
        where holder_id = keys.id and ${isIn(reach)} and ${is} and ${works(now)}
      ) as at from (${keys}) as keys offset 0
    ) as keys`
}

/** The key of a secret, where it is within reach and both still work by themselves. A subquery for each row: a join might read all keys first. */
function keyOf(reach: Reach, now: Date): RawBuilder<unknown> {
  return sql`case when ${works(now)}
    then (select id from keys where id = secrets.holder_id and revoked_at is null and ${isIn(reach)}) end`
}

function works(now: Date): RawBuilder<unknown> {
  return sql`secrets.revoked_at is null and secrets.retired_at is null
    and (secrets.retires_at is null or secrets.retires_at > ${now}::timestamptz)
    and (secrets.expires_at is null or secrets.expires_at > ${now}::timestamptz)`
}
