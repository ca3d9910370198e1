import { Type } from 'typebox'
import { iso, Moment, plainText, strictObject } from '../../http/wire.ts'
import type { NamedBlockedClient } from './blocked-client.store.ts'

export const BlockClientWire = strictObject({
  reason: Type.Optional(plainText(300, 'Shown in the list and in the audit log; not to users')),
})

export const BlockedClientWire = Type.Object({
  client_id: Type.String(),
  client_name: Type.String(),
  owner_id: Type.String(),
  reason: Type.String(),
  blocked_by: Type.String(),
  blocked_by_provider: Type.Boolean({
    description: 'Blocked by an unbound admin key. Keys of the owner cannot lift the block',
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
