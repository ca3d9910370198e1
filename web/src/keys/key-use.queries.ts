import { queryOptions } from '@tanstack/react-query'
import type { Static, TArray, TObject } from 'typebox'
import type { QuotaCountWire } from '../../../src/owners/limits.wire.ts'
import type { KeyImpactWire } from '../../../src/usage/impact.wire.ts'
import type { KeyAddressesWire, KeyRotationWire, KeyScopeUseWire } from '../../../src/usage/key-use.wire.ts'
import type { KeyUsageWire } from '../../../src/usage/usage.wire.ts'
import type { UsageSeriesWire } from '../../../src/usage/usage-series.wire.ts'
import { get } from '../api/request.ts'

const EVERY_MS = 30_000
/** During a rotation people watch. */
const ROTATION_EVERY_MS = 2_000

/** Everything below `['key', id]` is read again after an act on the key. */
const keyOf = (id: string, what: string, more: unknown = null) => ['key', id, what, more] as const

export function seriesQuery(id: string, span: string, by: string) {
  return queryOptions({
    queryKey: keyOf(id, 'series', [span, by]),
    queryFn: ({ signal }) =>
      get<typeof UsageSeriesWire>('/v1/usage/series', { query: { key_id: id, span, by }, signal }),
    refetchInterval: EVERY_MS,
    placeholderData: (before) => before,
  })
}

export function addressesQuery(id: string) {
  return queryOptions({
    queryKey: keyOf(id, 'addresses'),
    queryFn: ({ signal }) => get<typeof KeyAddressesWire>(`/v1/keys/${id}/addresses`, { signal }),
    refetchInterval: EVERY_MS,
  })
}

export function scopeUseQuery(id: string) {
  return queryOptions({
    queryKey: keyOf(id, 'scope-use'),
    queryFn: ({ signal }) => get<typeof KeyScopeUseWire>(`/v1/keys/${id}/scope-use`, { signal }),
  })
}

export type KeyImpact = Static<typeof KeyImpactWire>

export function keyImpactQuery(id: string) {
  return queryOptions({
    queryKey: keyOf(id, 'impact'),
    queryFn: ({ signal }) => get<typeof KeyImpactWire>(`/v1/keys/${id}/impact`, { signal }),
  })
}

export function quotasQuery(id: string) {
  return queryOptions({
    queryKey: keyOf(id, 'quotas'),
    queryFn: ({ signal }) =>
      get<TObject<{ data: TArray<typeof QuotaCountWire> }>>(`/v1/keys/${id}/quotas`, { signal }),
    refetchInterval: EVERY_MS,
  })
}

export function refusalsQuery(id: string) {
  return queryOptions({
    queryKey: keyOf(id, 'refusals'),
    queryFn: ({ signal }) =>
      get<typeof KeyUsageWire>(`/v1/keys/${id}/usage`, { query: { grain: 'day', days: 1 }, signal }),
    refetchInterval: EVERY_MS,
  })
}

export function rotationQuery(id: string) {
  return queryOptions({
    queryKey: keyOf(id, 'rotation'),
    queryFn: ({ signal }) => get<typeof KeyRotationWire>(`/v1/keys/${id}/rotation`, { signal }),
    refetchInterval: ROTATION_EVERY_MS,
    retry: false,
  })
}
