import { queryOptions } from '@tanstack/react-query'
import type { ConfiguredPolicyWire } from '../../../src/owners/policy.wire.ts'
import { get } from '../api/request.ts'

export const configuredPolicyQuery = queryOptions({
  queryKey: ['policy'],
  queryFn: ({ signal }) => get<typeof ConfiguredPolicyWire>('/v1/policy', { signal }),
  staleTime: Number.POSITIVE_INFINITY,
})
