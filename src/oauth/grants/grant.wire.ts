import { Type } from 'typebox'
import { iso, Moment, nullable, OwnerId, oneOf, plainText, strictObject } from '../../http/wire.ts'
import { GRANT_STATES, type NamedGrant, stateWithClient } from './grant.ts'

const Text = Type.String({ pattern: '^[\\x21-\\x7e]{1,2000}$' })
export const GrantStateWire = oneOf(GRANT_STATES)

export const GrantWire = Type.Object({
  id: Type.String(),
  user_id: Type.String(),
  user_name: nullable(
    Type.String({ description: 'null for users of an external login, and for callers bound to an owner' }),
  ),
  user_email: nullable(Type.String()),
  client_id: Type.String(),
  client_name: Type.String(),
  owner_id: Type.String(),
  owner_name: nullable(Type.String()),
  scopes: Type.Array(Type.String(), {
    description: 'Tokens never allow more than this, whatever they were issued for',
  }),
  state: {
    ...GrantStateWire,
    description: '`stopped`: the grant is active, but allows nothing while the client is suspended',
  },
  shown: Type.Unknown({ description: 'The consent page as the user last answered it' }),
  granted_at: Moment,
  consented_at: Moment,
  expires_at: nullable(Moment),
  last_used_at: nullable(Moment),
  revoked_at: nullable(Moment),
  revoked_by: nullable(Type.String()),
  revoked_reason: nullable(Type.String()),
})

export const GrantQuery = {
  user_id: Type.Optional(Text),
  client_id: Type.Optional(Text),
  owner_id: Type.Optional(OwnerId),
}

export const RevokeGrantsWire = strictObject({
  ...GrantQuery,
  granted_before: Type.Optional(Moment),
  reason: plainText(300, 'Stored with each grant and in the audit log'),
  dry_run: Type.Optional(Type.Boolean({ default: false, description: 'Only count, revoke nothing' })),
})

export const RevokedGrantsWire = Type.Object({
  revoked: Type.Integer({ description: 'How many were revoked; with `dry_run`, how many would be' }),
  remaining: Type.Integer({ description: 'How many are left; more than 0: send the same request again' }),
})

export function toGrantWire(grant: NamedGrant, now: Date) {
  return {
    id: grant.id,
    user_id: grant.userId,
    user_name: grant.userName,
    user_email: grant.userEmail,
    client_id: grant.clientId,
    client_name: grant.clientName,
    owner_id: grant.ownerId,
    owner_name: grant.ownerName,
    scopes: grant.scopes,
    state: stateWithClient(grant, now),
    shown: grant.shown,
    granted_at: iso(grant.createdAt),
    consented_at: iso(grant.consentedAt),
    expires_at: iso(grant.expiresAt),
    last_used_at: iso(grant.lastUsedAt),
    revoked_at: iso(grant.revokedAt),
    revoked_by: grant.revokedBy,
    revoked_reason: grant.revokedReason,
  }
}
