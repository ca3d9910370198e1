import { queryOptions } from '@tanstack/react-query'
import type { Static } from 'typebox'
import type { ConfiguredPolicyWire } from '../../../src/owners/policy.wire.ts'
import type { SingleSignOnWire } from '../../../src/staff/sso/single-sign-on.wire.ts'
import { get } from '../api/request.ts'

export const configuredPolicyQuery = queryOptions({
  queryKey: ['policy'],
  queryFn: ({ signal }) => get<typeof ConfiguredPolicyWire>('/v1/policy', { signal }),
  staleTime: Number.POSITIVE_INFINITY,
})

export type SingleSignOn = Static<typeof SingleSignOnWire>

export const singleSignOnQuery = queryOptions({
  queryKey: ['single-sign-on'],
  queryFn: ({ signal }) => get<typeof SingleSignOnWire>('/v1/single-sign-on', { signal }),
})
