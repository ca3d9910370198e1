import { type RawBuilder, type Selectable, sql } from 'kysely'
import type { PageRequest, Position } from '../db/keyset.ts'
import type { Db, Schema } from '../db/schema.ts'
import { coversEnvironment, environmentsOf, ownerOf, type Reach } from '../management/caller.ts'
import { secretsOf } from '../secrets/secret.store.ts'
import { fromRow, hasNotEnded } from './key.store.ts'
import { dayOf, type Key, type KeyState, startOfDay } from './key.ts'

export interface KeyFilter {
  readonly ownerId?: string | undefined
  readonly environment?: string | undefined
  readonly state?: KeyState | undefined
  /** Existed at that moment, and not used since; never used counts. Without a state: neither revoked nor expired. */
  readonly unusedSince?: Date | undefined
  /** Expires before then. Without a state: active only. */
  readonly expiringBefore?: Date | undefined
}

/** A key in a list, with its keyset position. */
export interface ListedKey {
  readonly key: Key
  readonly position: Position
}

interface Page extends PageRequest {
  readonly now: Date
}

type Row = Selectable<Schema['keys']> & { suspended_at: Date | null }

/**
 * One page of keys, by keyset pagination. Each statement walks one index in the order of the list, from the position on:
 * its order and its conditions on `keys` are those of an index of `0022-lists-of-keys.ts`.
 */
export async function listKeys(db: Db, reach: Reach, filter: KeyFilter, page: Page): Promise<ListedKey[]> {
  const bound = ownerOf(reach) ?? filter.ownerId
  // Another owner's keys look just like none.
  if (filter.ownerId !== undefined && filter.ownerId !== bound) return []
  if (filter.environment !== undefined && !coversEnvironment(reach, filter.environment)) return []
  const [only, ...others] = environmentsOf(reach) ?? []
  const environment = filter.environment ?? (others.length === 0 ? only : undefined)
  const within = environment === undefined ? environmentsOf(reach) : null
  const asked = { ...filter, ownerId: bound, environment, within, state: stateAskedFor(filter) }
  const order = ORDERS[orderOf(asked)]
  const list =
    asked.state === 'suspended' && bound === undefined && (await areFewSuspended(db))
      ? ofSuspendedOwners(asked, page)
      : ofAll(asked, order, page)
  const { rows } = await sql<Row>`${list}`.execute(db)
  const secrets = await secretsOf(
    db,
    rows.map((row) => row.id),
  )
  return rows.map((row) => {
    const own = secrets.filter((secret) => secret.holderId === row.id)
    return { key: fromRow(row, own), position: { at: order.at(row), id: row.id } }
  })
}

/** A subquery for each row: a join might read all owners first. */
const SUSPENDED_AT = sql`(select suspended_at from owners where id = keys.owner_id)`

/** `not_ended`: neither revoked nor expired. */
type Asked = Omit<KeyFilter, 'state'> & {
  readonly state: KeyState | 'not_ended' | undefined
  /** The environments within reach, where the list is of several; null: no bound. */
  readonly within: readonly string[] | null
}

function stateAskedFor({ state, unusedSince, expiringBefore }: KeyFilter): Asked['state'] {
  if (state !== undefined) return state
  if (expiringBefore !== undefined) return 'active'
  return unusedSince === undefined ? undefined : 'not_ended'
}

/** The columns of an order, each with its value of a key's row; all in one direction, so that one index has it. */
interface Order {
  readonly columns: readonly RawBuilder<unknown>[]
  readonly direction: 'asc' | 'desc'
  readonly at: (row: Row) => Date
  /** The values of the columns at a position. */
  readonly place: (position: Position) => readonly RawBuilder<unknown>[]
}

const byMoment = ({ at, id }: Position) => [sql`${at}::timestamptz`, sql`${id}`]
const byEnd = { columns: [sql`keys.ends_at`, sql`keys.id`], at: endOf, place: byMoment }

const ORDERS = {
  newest: {
    columns: [sql`keys.created_at`, sql`keys.id`],
    direction: 'desc',
    at: (row) => row.created_at,
    place: byMoment,
  },
  ending: { ...byEnd, direction: 'asc' },
  ended: { ...byEnd, direction: 'desc' },
  quiet: {
    columns: [sql`(-keys.seen_day)`, sql`keys.created_at`, sql`keys.id`],
    direction: 'desc',
    at: (row) => startOfDay(row.seen_day),
    // When a key was made does not change, so the position need not hold it.
    place: ({ at, id }) => [
      sql`${-dayOf(at)}::integer`,
      sql`(select created_at from keys where id = ${id})`,
      sql`${id}`,
    ],
  },
} satisfies Record<string, Order>

/**
 * The order of a list, and the condition for rows after a position. In the list of one owner the owner is a column of the
 * order, and compared by `>=` and `<=`: with `=`, Postgres would take an index without the owner for the same order, and
 * walk through the keys of all others.
 */
function ordered(
  order: Order,
  ownerId: RawBuilder<unknown> | null,
  environment: string | undefined,
  page: Page,
) {
  const byEnvironment = ownerId !== null && environment !== undefined && order === ORDERS.newest
  const columns = [
    ...(ownerId === null ? [] : [sql`keys.owner_id`]),
    ...(byEnvironment ? [sql`keys.environment`] : []),
    ...order.columns,
  ]
  const direction = sql.raw(order.direction)
  const by = sql.join(columns.map((column) => sql`${column} ${direction}`))
  const conditions: RawBuilder<unknown>[] =
    ownerId === null ? [] : [sql`keys.owner_id >= ${ownerId} and keys.owner_id <= ${ownerId}`]
  if (page.after !== null) {
    const place = [
      ...(ownerId === null ? [] : [ownerId]),
      ...(byEnvironment ? [sql`${environment}`] : []),
      ...order.place(page.after),
    ]
    const past = sql.raw(order.direction === 'asc' ? '>' : '<')
    conditions.push(sql`(${sql.join(columns)}) ${past} (${sql.join(place)})`)
  }
  return { by, conditions }
}

function orderOf({ state, unusedSince, expiringBefore }: Asked): keyof typeof ORDERS {
  if (state === 'expired') return 'ended'
  if (state === 'active' && expiringBefore !== undefined) return 'ending'
  return unusedSince !== undefined && (state === 'active' || state === 'not_ended') ? 'quiet' : 'newest'
}

function endOf({ ends_at: end }: Row): Date {
  if (end === null) throw new Error('a key without an end is in a list of keys that end')
  return end
}

/** The state of a key, as `stateOf` has it: a test holds the two together. */
function stateIs({ state, ownerId }: Asked, now: Date): RawBuilder<boolean>[] {
  // Asked once where there is one owner: else all of its keys would be walked through for none of them.
  const suspended =
    ownerId === undefined ? SUSPENDED_AT : sql`(select suspended_at from owners where id = ${ownerId})`
  const notEnded = [hasNotEnded(now)]
  if (state === 'active') return [...notEnded, sql`keys.disabled_at is null`, sql`${suspended} is null`]
  if (state === 'disabled') return [...notEnded, sql`keys.disabled_at is not null`, sql`${suspended} is null`]
  if (state === 'suspended') return [...notEnded, sql`${suspended} is not null`]
  if (state === 'not_ended') return notEnded
  if (state === 'expired') return [sql`keys.revoked_at is null`, sql`keys.ends_at <= ${now}::timestamptz`]
  return state === 'revoked' ? [sql`keys.revoked_at is not null`] : []
}

function matches({ environment, within, unusedSince, expiringBefore, state }: Asked, now: Date) {
  const all: RawBuilder<boolean>[] = []
  if (environment !== undefined) all.push(sql`keys.environment = ${environment}`)
  if (within !== null) all.push(sql`keys.environment = any(${[...within]}::text[])`)
  if (expiringBefore !== undefined) all.push(sql`keys.ends_at < ${expiringBefore}::timestamptz`)
  // Implied already; repeated in the form of the index.
  if (expiringBefore !== undefined && state === 'active') all.push(sql`keys.ends_at > ${now}::timestamptz`)
  if (unusedSince !== undefined)
    all.push(
      sql`keys.created_at <= ${unusedSince}::timestamptz`,
      sql`-keys.seen_day >= ${-dayOf(unusedSince)}::integer`,
      // A subquery for each row: with `not exists` the secrets of all keys would be read first.
      sql`coalesce((select max(last_used_at) from secrets where holder_id = keys.id), '-infinity')
        < ${unusedSince}::timestamptz`,
    )
  return all
}

const FEW_OWNERS = 500

async function areFewSuspended(db: Db): Promise<boolean> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n
    from (select from owners where suspended_at is not null limit ${FEW_OWNERS + 1}) as suspended`.execute(db)
  return (rows[0]?.n ?? 0) <= FEW_OWNERS
}

function ofAll(asked: Asked, order: Order, page: Page): RawBuilder<unknown> {
  const owner = asked.ownerId === undefined ? null : sql`${asked.ownerId}`
  const { by, conditions } = ordered(order, owner, asked.environment, page)
  const where = [sql`true`, ...stateIs(asked, page.now), ...matches(asked, page.now), ...conditions]
  return sql`
    select keys.*, ${SUSPENDED_AT} as suspended_at from keys
    where ${sql.join(where, sql` and `)}
    order by ${by} limit ${page.limit}`
}

/** The newest keys of each suspended owner, merged. Where such owners are few, this skips all others. */
function ofSuspendedOwners(asked: Asked, page: Page): RawBuilder<unknown> {
  const ofOne = ordered(ORDERS.newest, sql`owners.id`, undefined, page)
  const ofThem = ordered(ORDERS.newest, null, undefined, page)
  const where = [hasNotEnded(page.now), ...matches(asked, page.now), ...ofOne.conditions]
  const parts = [sql`keys.disabled_at is null`, sql`keys.disabled_at is not null`].map(
    (part) => sql`(
      select keys.* from keys where ${sql.join([...where, part], sql` and `)}
      order by ${ofOne.by} limit ${page.limit}
    )`,
  )
  return sql`
    select keys.*, owners.suspended_at from owners
    cross join lateral (${sql.join(parts, sql` union all `)}) as keys
    where owners.suspended_at is not null
    order by ${ofThem.by} limit ${page.limit}`
}
