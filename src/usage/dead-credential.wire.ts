import { Type } from 'typebox'
import { Cursor, iso, Limit, Moment, nullable, OwnerId, oneOf, pageWire, strictObject } from '../http/wire.ts'
import type { DeadCredential } from './dead-credential.store.ts'
import { DEAD_OUTCOMES } from './usage.ts'

export const DeadCredentialQuery = strictObject({
  owner_id: Type.Optional(OwnerId),
  since: Type.Optional({ ...Moment, description: 'Presented since then. Default: 7 days ago' }),
  limit: Type.Optional(Limit),
  cursor: Type.Optional(Cursor),
})

const DeadCredentialWire = Type.Object({
  key_id: Type.String(),
  key_name: Type.String(),
  owner_id: Type.String(),
  environment: Type.String(),
  secret_id: Type.String(),
  hint: Type.String(),
  reason: oneOf(DEAD_OUTCOMES),
  since: nullable({ ...Moment, description: 'When it ended or was stopped' }),
  last_at: Moment,
  last_ip: nullable(Type.String()),
  last_user_agent: nullable(Type.String()),
  calls_last_day: Type.Integer({ description: 'Refused for this reason in the last 24 hours' }),
})

export const DeadCredentialPage = pageWire(DeadCredentialWire)

export function toDeadCredentialWire(dead: DeadCredential) {
  return {
    key_id: dead.keyId,
    key_name: dead.keyName,
    owner_id: dead.ownerId,
    environment: dead.environment,
    secret_id: dead.secretId,
    hint: dead.hint,
    reason: dead.reason,
    since: iso(dead.since),
    last_at: iso(dead.lastAt),
    last_ip: dead.lastIp,
    last_user_agent: dead.lastUserAgent,
    calls_last_day: dead.callsLastDay,
  }
}
