import { Type } from 'typebox'
import type { ScopeClient } from '../clients/scope-client.store.ts'
import { iso, Moment, nullable, oneOf } from '../http/wire.ts'
import { currentSecret } from '../secrets/secret.ts'
import { type Key, lastUse } from './key.ts'
import { CountWire } from './key-list.wire.ts'

export const ScopeHoldersWire = Type.Object({
  name: Type.String(),
  keys: CountWire,
  clients: nullable(CountWire),
  implied_by: Type.Array(Type.String(), { description: 'Scopes that imply it directly' }),
  data: Type.Array(
    Type.Object({
      kind: oneOf(['key', 'client']),
      id: Type.String(),
      name: Type.String(),
      hint: nullable(Type.String()),
      owner_id: nullable(Type.String()),
      environment: Type.String(),
      last_used_at: nullable(Moment),
    }),
    { description: 'At most 100 keys, those used last first, then at most 100 clients, the newest first' },
  ),
})

export function toHoldingKeyWire(key: Key) {
  return {
    kind: 'key',
    id: key.id,
    name: key.name,
    hint: currentSecret(key.secrets).hint,
    owner_id: key.ownerId,
    environment: key.environment,
    last_used_at: iso(lastUse(key)?.lastUsedAt ?? null),
  }
}

export function toHoldingClientWire({ id, name, ownerId, environment }: ScopeClient) {
  return { kind: 'client', id, name, hint: null, owner_id: ownerId, environment, last_used_at: null }
}
