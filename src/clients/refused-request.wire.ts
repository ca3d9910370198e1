import { Type } from 'typebox'
import { iso, Moment, nullable } from '../http/wire.ts'
import type { ClientRefusalCount } from './refused-requests.store.ts'

export const RefusedRequestWire = Type.Object({
  endpoint: Type.String(),
  reason: Type.String(),
  count: Type.Integer(),
  last_at: Moment,
  last_ip: nullable(Type.String()),
})

export function toRefusedRequestWire({ endpoint, reason, count, lastAt, lastIp }: ClientRefusalCount) {
  return { endpoint, reason, count, last_at: iso(lastAt), last_ip: lastIp }
}
