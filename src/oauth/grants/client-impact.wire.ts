import { Type } from 'typebox'
import { iso, Moment, nullable } from '../../http/wire.ts'
import type { ClientImpact } from './client-impact.store.ts'

const CountWire = Type.Object({
  count: Type.Integer(),
  at_least: Type.Boolean({ description: 'true: counted up to here, and there may be more' }),
})

export const ClientImpactWire = Type.Object({
  grants: CountWire,
  users: CountWire,
  owners: CountWire,
  used_last_day: CountWire,
  last_used_at: nullable(Moment),
})

export function toClientImpactWire({ atLeast, lastUsedAt, ...counts }: ClientImpact) {
  const count = (n: number) => ({ count: n, at_least: atLeast })
  return {
    grants: count(counts.grants),
    users: count(counts.users),
    owners: count(counts.owners),
    used_last_day: count(counts.usedLastDay),
    last_used_at: iso(lastUsedAt),
  }
}
