import { type RawBuilder, sql } from 'kysely'
import { momentAt } from '../base/moment.ts'
import { type KeyRow, LIVE } from './key.store.ts'
import { dayOf } from './key.ts'
import { type Asked, END, FOLDED_NAME, isDue, NEVER, namesThatBegin } from './key-conditions.store.ts'
import { type KeyPosition, type KeySort, LIVE_STATES, type OrderName } from './key-filter.ts'

export type OrderedRow = KeyRow & { readonly order_of_name?: string }

/** The columns of an order, each with its value at a position; all in one direction, so that one index has it. */
export interface Order {
  readonly columns: readonly RawBuilder<unknown>[]
  readonly direction: 'asc' | 'desc'
  /** Keys with the same value are ordered by when they were made. */
  readonly thenByAge?: true
  readonly at: (row: OrderedRow) => KeyPosition['at']
  readonly place: (position: KeyPosition) => readonly RawBuilder<unknown>[]
}

const ID = sql`keys.id`
const byMoment = ({ at, id }: KeyPosition) => [
  at === null ? NEVER : sql`${momentAt(Number(at))}::timestamptz`,
  sql`${id}`,
]
const madeAt = (position: KeyPosition) => sql`${momentAt(position.madeAt ?? 0)}::timestamptz`
const byEnd = {
  columns: [END, ID],
  at: (row: OrderedRow) => row.ends_at?.getTime() ?? null,
  place: byMoment,
}

export const ORDERS: Readonly<Record<OrderName, Order>> = {
  created: {
    columns: [sql`keys.created_at`, ID],
    direction: 'desc',
    at: (row) => row.created_at.getTime(),
    place: byMoment,
  },
  last_used: {
    columns: [sql`keys.used_day`, sql`keys.created_at`, ID],
    direction: 'desc',
    thenByAge: true,
    at: (row) => row.used_day,
    place: (position) => [sql`${position.at}::integer`, madeAt(position), sql`${position.id}`],
  },
  expires: { ...byEnd, direction: 'asc' },
  ended: { ...byEnd, direction: 'desc' },
  name: {
    columns: [FOLDED_NAME, ID],
    direction: 'asc',
    at: (row) => row.order_of_name ?? '',
    place: ({ at, id }) => [sql`${String(at)}::text collate "C"`, sql`${id}`],
  },
  quiet: {
    columns: [sql`(-keys.seen_day)`, sql`keys.created_at`, ID],
    direction: 'desc',
    thenByAge: true,
    at: (row) => row.seen_day,
    place: (position) => [sql`${-Number(position.at)}::integer`, madeAt(position), sql`${position.id}`],
  },
}

export function orderOf(asked: Asked, sort: KeySort | undefined): OrderName {
  if (sort !== undefined) return sort
  const { states, unusedSince, expiringBefore } = asked
  if (states === null) return 'created'
  if (isOnly(states, 'expired')) return 'ended'
  if (isOnly(states, 'active') && expiringBefore !== undefined) return 'expires'
  const active =
    states.includes('active') && states.every((state) => LIVE_STATES.some((one) => one === state))
  return unusedSince !== undefined && active ? 'quiet' : 'created'
}

function isOnly(states: readonly string[], state: string): boolean {
  return states.length === 1 && states[0] === state
}

/** A column that is the same in all rows of a walk; its index begins with it. */
interface Fixed {
  readonly column: RawBuilder<unknown>
  readonly value: RawBuilder<unknown>
}

/** One index to walk along: what all of its rows fulfil, and its first columns. */
export interface Walk {
  readonly within: readonly RawBuilder<unknown>[]
  readonly fixed: readonly Fixed[]
  /** Members of the filter that need no check: with the same value in all rows, a check would hide the order from Postgres. */
  readonly fulfils: Partial<Record<'ownerId' | 'environment' | 'createdBy', undefined>>
  /** So few that all are read and sorted. */
  readonly few?: true
}

const UNREVOKED = sql`keys.revoked_at is null`
const REVOKED = sql`keys.revoked_at is not null`

/** The indexes that have all keys of the states asked for in an order. */
export function walksOf(asked: Asked, name: OrderName, now: Date): readonly Walk[] {
  const { ownerId, environment, createdBy, states } = asked
  const owner = ownerId === undefined ? [] : [{ column: sql`keys.owner_id`, value: sql`${ownerId}` }]
  const isOfCreator = createdBy !== undefined && (ownerId === undefined || asked.isCreatorRarer === true)
  const fixed = isOfCreator ? [{ column: sql`keys.created_by`, value: sql`${createdBy}` }] : owner
  const fulfils = isOfCreator ? { createdBy: undefined } : { ownerId: undefined }
  const along = (...within: RawBuilder<unknown>[]): Walk => ({ within, fixed, fulfils })
  const live = states === null || states.some((state) => LIVE_STATES.some((one) => one === state))
  const expired = states === null || states.includes('expired')
  const revoked = states === null || states.includes('revoked')
  // Expired some minutes ago, and not yet marked. Where many are, they are found among the live ones, row by row.
  const lapsing: Walk = asked.fewLapse
    ? {
        ...along(sql`${UNREVOKED} and not keys.lapsed and keys.ends_at <= ${now}::timestamptz`),
        few: true,
      }
    : along(LIVE)
  const walks: Walk[] = []
  const add = (wanted: boolean, ...added: Walk[]) => void (wanted && walks.push(...added))

  switch (name) {
    case 'created': {
      const existed = [asked.unusedSince, asked.overScoped?.since].filter((at) => at !== undefined)
      const range = existed.map((at) => sql`keys.created_at <= ${at}::timestamptz`)
      if (isOfCreator) return [along(...range)]
      if (states === null) {
        const of =
          environment === undefined ? [] : [{ column: sql`keys.environment`, value: sql`${environment}` }]
        return [
          {
            within: range,
            fixed: [...owner, ...of],
            fulfils: { ownerId: undefined, environment: undefined },
          },
        ]
      }
      if (isOnly(states, 'disabled')) {
        const due: Walk = { ...along(LIVE, isDue(now), ...range), few: true }
        const written = along(LIVE, sql`keys.disabled_at is not null`, ...range)
        return asked.someAreDue ? [written, due] : [written]
      }
      add(live, along(LIVE, ...range))
      add(expired, along(UNREVOKED, sql`keys.lapsed`, ...range))
      add(expired && !live, lapsing)
      add(revoked, along(REVOKED, ...range))
      return walks
    }
    case 'last_used':
    case 'name': {
      const range = name === 'name' ? namesThatBegin(asked.q) : daysOfUse(asked)
      add(live, along(LIVE, ...range))
      add(expired || revoked, along(sql`(${REVOKED} or keys.lapsed)`, ...range))
      add(states !== null && expired && !live, lapsing)
      return walks
    }
    case 'quiet':
      return [along(LIVE)]
    case 'expires':
    case 'ended': {
      const range: RawBuilder<unknown>[] = []
      if (asked.expiringBefore !== undefined) range.push(sql`${END} < ${asked.expiringBefore}::timestamptz`)
      if (asked.noExpiry === true) range.push(sql`${END} >= ${NEVER}`)
      const unrevoked = [UNREVOKED, ...range]
      if (!expired) unrevoked.push(sql`${END} > ${now}::timestamptz`)
      if (!live) unrevoked.push(sql`${END} <= ${now}::timestamptz`)
      add(live || expired, along(...unrevoked))
      add(revoked, along(REVOKED, ...range))
      return walks
    }
  }
}

function daysOfUse({ neverUsed, unusedSince }: Asked): readonly RawBuilder<unknown>[] {
  if (neverUsed === true) return [sql`keys.used_day <= 0`]
  return unusedSince === undefined ? [] : [sql`keys.used_day <= ${dayOf(unusedSince)}::integer`]
}

/**
 * The rows of a walk after a position, in its order, with the columns of the order as `order_0` and so on. A fixed column
 * is a column of the order, and compared by `>=` and `<=`: with `=`, Postgres would take an index without it for the same
 * order, and walk through the keys of all others.
 */
export function walked(
  { within, fixed, few }: Walk,
  order: Order,
  after: KeyPosition | null,
  limit: number,
): RawBuilder<unknown> {
  const columns = columnsOf(fixed, order)
  const where = [
    sql`true`,
    ...within,
    ...fixed.map(({ column, value }) => sql`${column} >= ${value} and ${column} <= ${value}`),
    ...isAfter(fixed, order, after),
  ]
  const read = sql`select keys.*, ${named(fixed, order)} from keys where ${sql.join(where, sql` and `)}`
  return few === true
    ? sql`${read} offset 0`
    : sql`${read} order by ${inDirection(columns, order)} limit ${limit}`
}

/** The columns of an order, for {@link sorted}. */
export function named(fixed: readonly Fixed[], order: Order): RawBuilder<unknown> {
  return sql.join(columnsOf(fixed, order).map((column, at) => sql`${column} as ${sql.ref(`order_${at}`)}`))
}

/** Sorts rows that have the columns of the order. */
export function sorted({ fixed }: Pick<Walk, 'fixed'>, order: Order): RawBuilder<unknown> {
  const columns = columnsOf(fixed, order).map((_, at) => sql.ref(`keys.order_${at}`))
  return inDirection(columns, order)
}

/** The position of a row of {@link walked}. */
export function positionOf(
  name: OrderName,
  { fixed }: Pick<Walk, 'fixed'>,
  row: KeyRow & Readonly<Record<string, unknown>>,
): KeyPosition {
  const order = ORDERS[name]
  const at = order.at({ ...row, order_of_name: String(row[`order_${fixed.length}`]) })
  return { order: name, at, madeAt: order.thenByAge === true ? row.created_at.getTime() : null, id: row.id }
}

function columnsOf(fixed: readonly Fixed[], order: Order): readonly RawBuilder<unknown>[] {
  return [...fixed.map(({ column }) => column), ...order.columns]
}

export function isAfter(fixed: readonly Fixed[], order: Order, after: KeyPosition | null) {
  if (after === null) return []
  const place = [...fixed.map(({ value }) => value), ...order.place(after)]
  const past = sql.raw(order.direction === 'asc' ? '>' : '<')
  return [sql`(${sql.join(columnsOf(fixed, order))}) ${past} (${sql.join(place)})`]
}

function inDirection(columns: readonly RawBuilder<unknown>[], { direction }: Order): RawBuilder<unknown> {
  return sql.join(columns.map((column) => sql`${column} ${sql.raw(direction)}`))
}
