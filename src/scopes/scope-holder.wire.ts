import { Type } from 'typebox'
import { iso, Moment, nullable, oneOf } from '../http/wire.ts'
import { COUNTED, type ScopeHolder } from './scope-holder.store.ts'

const CountWire = Type.Object({
  count: Type.Integer(),
  at_least: Type.Boolean({
    description: `Whether there are more than ${COUNTED}: it was not counted further`,
  }),
})

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
    { description: 'At most 100 keys, those in use first, then at most 100 clients' },
  ),
})

export function toCountWire(count: number) {
  return { count: Math.min(count, COUNTED), at_least: count > COUNTED }
}

export function toScopeHolderWire({ kind, id, name, hint, ownerId, environment, lastUsedAt }: ScopeHolder) {
  return { kind, id, name, hint, owner_id: ownerId, environment, last_used_at: iso(lastUsedAt) }
}
