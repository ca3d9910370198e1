import { queryOptions } from '@tanstack/react-query'
import type { Static } from 'typebox'
import type { EnvironmentPoliciesWire } from '../../../src/owners/environment-policy.wire.ts'
import { get } from '../api/request.ts'

export type Policies = Static<typeof EnvironmentPoliciesWire>
export type EnvironmentPolicy = Policies['data'][number]

/** While existing secrets are shortened, the screen shows how far it is. */
const WATCH_MS = 2_000

/** The policies of environments as they hold for an owner; null: for owners without rules of their own. */
export function policiesQuery(ownerId: string | null = null) {
  return queryOptions({
    queryKey: ['policies', ownerId],
    queryFn: ({ signal }) =>
      get<typeof EnvironmentPoliciesWire>('/v1/policies', { query: { owner_id: ownerId }, signal }),
    refetchInterval: ({ state }) =>
      state.data?.data.some(({ shortening }) => shortening !== null && shortening.finished_at === null)
        ? WATCH_MS
        : false,
  })
}
