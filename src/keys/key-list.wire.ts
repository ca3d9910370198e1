import { type Static, Type } from 'typebox'
import type { CursorCodec } from '../http/cursor.ts'
import {
  Cursor,
  EnvironmentName,
  Limit,
  Moment,
  type MomentText,
  OwnerId,
  oneOf,
  pageWire,
  plainText,
  strictObject,
  toMoment,
} from '../http/wire.ts'
import { KeyWire } from './key.wire.ts'
import { type KeyCount, type KeyCounts, sumOf } from './key-counts.store.ts'
import {
  ASKED_STATES,
  type AskedState,
  KEY_ORDERS,
  KEY_SORTS,
  type KeyFilter,
  type KeyPosition,
  statesOf,
} from './key-filter.ts'

const oneState = `(${ASKED_STATES.join('|')})`

const OnlyTrue = oneOf(['true'])

/** Members of a filter, as parameters of a list. */
const FilterQuery = {
  q: Type.Optional(
    plainText(
      100,
      'Text in the name, in either case (with one or two characters: at its beginning); or the id of the owner or the key; ' +
        'or the beginning of a hint, such as `sk_live_ab`',
    ),
  ),
  owner_id: Type.Optional(OwnerId),
  environment: Type.Optional(EnvironmentName),
  state: Type.Optional(
    Type.Unsafe<string>({
      type: 'string',
      pattern: `^${oneState}(,${oneState}){0,${ASKED_STATES.length - 1}}$`,
      description:
        'One or several, with commas: `active`, `disabled`, `suspended`, `expired`, `revoked`; `live` for the first three',
    }),
  ),
  scope: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'That the key holds' })),
  created_by: Type.Optional(
    Type.String({
      pattern: '^[a-z]{1,10}_[A-Za-z0-9]{1,40}$',
      description: 'Id of the creator, as the key has it',
    }),
  ),
  never_used: Type.Optional(OnlyTrue),
  no_expiry: Type.Optional(OnlyTrue),
  unused_since: Type.Optional(Moment),
  expiring_before: Type.Optional(Moment),
  rotation_due_before: Type.Optional(
    Type.Unsafe<MomentText>({ ...Moment, description: 'That the policy asks to rotate before then' }),
  ),
  exposed: Type.Optional({
    ...OnlyTrue,
    description: 'With a secret that still works and was seen in a URL; of many, the latest 2,000',
  }),
  over_scoped: Type.Optional({
    ...OnlyTrue,
    description:
      'Used in the last 90 days, but not for each of its scopes. Only keys of which that is known: they and their scopes are older',
  }),
}

/** Members of a bulk change's filter: those of a list's query. */
export const KeyFilterWire = strictObject(FilterQuery)

const { state: _, ...CountedQuery } = FilterQuery
export const KeyCountQuery = strictObject(CountedQuery)

export const KeyListQuery = strictObject({
  ...FilterQuery,
  secret_sha256: Type.Optional(
    Type.String({
      pattern: '^[0-9a-f]{64}$',
      description: 'SHA-256 of a whole secret: the key that it belongs to, also where it has ended',
    }),
  ),
  sort: Type.Optional(
    oneOf(
      KEY_SORTS,
      '`created`: newest first. `last_used`: latest day of UTC first, never used ones last. `expires`: soonest first, those ' +
        'without expiry last. `name`: from a to z. Without it: newest first; expired ones by their end, last first; by ' +
        '`expiring_before` those that end first; by `unused_since` those that were seen longest ago',
    ),
  ),
  limit: Type.Optional(Limit),
  cursor: Type.Optional(Cursor),
})

export const KeyPage = pageWire(KeyWire)

export function fromKeyQuery(query: Partial<Static<typeof KeyListQuery>>): KeyFilter {
  return {
    q: query.q,
    secretSha256: query.secret_sha256,
    ownerId: query.owner_id,
    environment: query.environment,
    states: query.state === undefined ? undefined : statesOf(query.state.split(',') as AskedState[]),
    scope: query.scope,
    createdBy: query.created_by,
    neverUsed: query.never_used === 'true',
    noExpiry: query.no_expiry === 'true',
    unusedSince: toMoment(query.unused_since),
    expiringBefore: toMoment(query.expiring_before),
    rotationDueBefore: toMoment(query.rotation_due_before),
    exposed: query.exposed === 'true',
    overScoped: query.over_scoped === 'true',
  }
}

export const KEY_POSITION: CursorCodec<KeyPosition> = {
  write: ({ order, at, madeAt, id }) =>
    Buffer.from(JSON.stringify([order, at, madeAt, id])).toString('base64url'),
  read: (cursor) => {
    try {
      return positionOf(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
    } catch {
      return null
    }
  },
}

function positionOf(parsed: unknown): KeyPosition | null {
  if (!Array.isArray(parsed) || parsed.length !== 4) return null
  const [name, at, madeAt, id] = parsed as unknown[]
  const order = KEY_ORDERS.find((one) => one === name)
  if (order === undefined) return null
  if (typeof id !== 'string' || !/^key_[A-Za-z0-9]{1,40}$/.test(id)) return null
  if (order === 'last_used' || order === 'quiet')
    return isWithin(at, 2 ** 31 - 1) && isWithin(madeAt, Number.MAX_SAFE_INTEGER)
      ? { order, at, madeAt, id }
      : null
  if (madeAt !== null) return null
  if (order === 'name') return typeof at === 'string' && !at.includes('\0') ? { order, at, madeAt, id } : null
  if (at === null) return order === 'expires' || order === 'ended' ? { order, at, madeAt, id } : null
  return isWithin(at, Number.MAX_SAFE_INTEGER) ? { order, at, madeAt, id } : null
}

function isWithin(value: unknown, most: number): value is number {
  return Number.isSafeInteger(value) && Math.abs(Number(value)) <= most
}

export const CountWire = Type.Object({
  count: Type.Integer(),
  at_least: Type.Boolean({ description: 'Whether there may be more: it was not counted further' }),
})

export const KeyCountsWire = Type.Object({
  states: Type.Object({
    active: CountWire,
    disabled: CountWire,
    suspended: CountWire,
    expired: CountWire,
    revoked: CountWire,
  }),
  live: CountWire,
  ended: CountWire,
})

export function toKeyCountsWire({ active, disabled, suspended, expired, revoked }: KeyCounts) {
  return {
    states: {
      active: toCountWire(active),
      disabled: toCountWire(disabled),
      suspended: toCountWire(suspended),
      expired: toCountWire(expired),
      revoked: toCountWire(revoked),
    },
    live: toCountWire(sumOf([active, disabled, suspended])),
    ended: toCountWire(sumOf([expired, revoked])),
  }
}

export function toCountWire({ count, atLeast }: KeyCount) {
  return { count, at_least: atLeast }
}
