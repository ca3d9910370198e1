import { type Static, Type } from 'typebox'
import type { AuditFilter } from '../audit/audit-event.store.ts'
import type { ChainCheck } from '../audit/verify-chain.ts'
import {
  anyObject,
  iso,
  Limit,
  Moment,
  nullable,
  OwnerId,
  oneOf,
  strictObject,
  toMoment,
} from '../http/wire.ts'
import type { NamedEvent } from './actor-name.store.ts'

const Id = Type.String({
  pattern: '^[\\x21-\\x7e]{1,400}$',
  description: 'Id of the actor or the target',
})

export const AuditEventWire = Type.Object({
  seq: Type.Integer({ description: 'Place in the chain: 1, 2, 3 … without a gap' }),
  id: Type.String(),
  at: Moment,
  action: Type.String({ description: 'Noun and past tense: `key.rotated`' }),
  result: oneOf(['done', 'refused']),
  actor: Type.Object({
    kind: Type.String(),
    id: nullable(Type.String()),
    name: Type.Optional(Type.String({ description: 'Of a staff member, as it is now' })),
  }),
  owner_id: nullable(Type.String()),
  target_id: nullable(Type.String()),
  ip: nullable(Type.String()),
  request_id: nullable(Type.String()),
  detail: anyObject(),
  hash: Type.String({ description: 'SHA-256 over the hash before and this event, hex' }),
})

const filters = {
  owner_id: Type.Optional(OwnerId),
  actor_id: Type.Optional(Id),
  target_id: Type.Optional(Id),
  action: Type.Optional(
    Type.String({
      pattern: '^[a-z_]{1,40}\\.[a-z_]{1,40}$',
      description: 'One of `GET /v1/audit-actions`, such as key.rotated; a former name finds the same events',
    }),
  ),
  result: Type.Optional(AuditEventWire.properties.result),
  since: Type.Optional(Moment),
  until: Type.Optional(Moment),
}

export const AuditFilterQuery = strictObject(filters)

export const AuditQuery = strictObject({
  ...filters,
  limit: Type.Optional(Limit),
  cursor: Type.Optional(Type.String({ maxLength: 100 })),
})

const HashHex = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256 in hex' })
const Place = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

export const VerificationQuery = strictObject({
  after_seq: Type.Optional(Place),
  after_hash: Type.Optional(HashHex),
})

export const ChainCheckWire = Type.Object({
  intact: Type.Boolean({ description: 'As far as the chain was walked: where `next` is null, to its head' }),
  events: Type.Integer({ description: 'How many are in order, those before `after_seq` counted in' }),
  head_hash: nullable(Type.String({ description: 'Keep it elsewhere: a later chain must pass through it' })),
  first_broken: nullable(
    Type.Object({ seq: Type.Integer(), id: nullable(Type.String()), fault: Type.String() }),
  ),
  next: nullable(
    Type.Object(
      { after_seq: Type.Integer(), after_hash: Type.String() },
      { description: 'Parameters of the request that goes on; null: the walk is over' },
    ),
  ),
})

export function toChainCheckWire(check: ChainCheck) {
  const { intact, events } = check
  if (!check.intact) return { intact, events, head_hash: null, first_broken: check.firstBroken, next: null }
  const { headHash, next } = check
  return {
    intact,
    events,
    head_hash: headHash,
    first_broken: null,
    next: next && { after_seq: next.seq, after_hash: Buffer.from(next.hash).toString('hex') },
  }
}

export function toAuditEventWire({ actorName, ...event }: NamedEvent) {
  const { seq, id, at, action, result, actor, ownerId, targetId, ip, requestId, detail, hash } = event
  return {
    seq,
    id,
    at: iso(at),
    action,
    result,
    actor: actorName === null ? actor : { ...actor, name: actorName },
    owner_id: ownerId,
    target_id: targetId,
    ip,
    request_id: requestId,
    detail,
    hash: Buffer.from(hash).toString('hex'),
  }
}

export function fromAuditQuery(query: Static<typeof AuditFilterQuery>): AuditFilter {
  return {
    ownerId: query.owner_id,
    actorId: query.actor_id,
    targetId: query.target_id,
    action: query.action,
    result: query.result,
    since: toMoment(query.since),
    until: toMoment(query.until),
  }
}
