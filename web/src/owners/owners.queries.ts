import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { Static, TArray, TNull, TObject, TString, TUnion } from 'typebox'
import type { OwnerWire } from '../../../src/owners/owner.wire.ts'
import type { OwnerImpactWire } from '../../../src/usage/impact.wire.ts'
import { get, type Search } from '../api/request.ts'

type OwnerPage = TObject<{ data: TArray<typeof OwnerWire>; next_cursor: TUnion<[TString, TNull]> }>

export function ownersQuery(query: Search) {
  return infiniteQueryOptions({
    queryKey: ['owners', query],
    queryFn: ({ signal, pageParam }) =>
      get<OwnerPage>('/v1/owners', { query: { ...query, cursor: pageParam }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  })
}

/** Impact of a suspension, by the use in the last day. */
export type OwnerImpact = Static<typeof OwnerImpactWire>

export function ownerImpactQuery(id: string) {
  return queryOptions({
    queryKey: ['owner', id, 'impact'],
    queryFn: ({ signal }) =>
      get<typeof OwnerImpactWire>(`/v1/owners/${encodeURIComponent(id)}/impact`, { signal }),
  })
}
