import { Type } from 'typebox'
import { iso, Moment, plainText, strictObject } from '../../http/wire.ts'
import type { NamedBlockedClient } from './blocked-client.store.ts'

export const BlockClientWire = strictObject({
  reason: Type.Optional(plainText(300, 'For the list and the audit log; users do not see it')),
})

export const BlockedClientWire = Type.Object({
  client_id: Type.String(),
  client_name: Type.String(),
  owner_id: Type.String(),
  reason: Type.String(),
  blocked_by: Type.String(),
  blocked_by_provider: Type.Boolean({
    description: 'By an admin key for all owners; no key of the owner lifts that',
  }),
  blocked_at: Moment,
})

export function toBlockedClientWire(blocked: NamedBlockedClient) {
  return {
    client_id: blocked.clientId,
    client_name: blocked.clientName,
    owner_id: blocked.ownerId,
    reason: blocked.reason,
    blocked_by: blocked.blockedBy,
    blocked_by_provider: blocked.byProvider,
    blocked_at: iso(blocked.blockedAt),
  }
}
