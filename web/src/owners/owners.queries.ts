import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { TArray, TNull, TObject, TSchema, TString, TUnion } from 'typebox'
import type { OwnerWire } from '../../../src/owners/owner.wire.ts'
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

interface Count {
  readonly count: number
  readonly at_least: boolean
}

/** Impact of a suspension, by the use in the last day. */
export interface OwnerImpact {
  readonly calls: { readonly accepted: number; readonly refused: number }
  readonly keys: { readonly live: Count; readonly used_last_day: Count }
  readonly busiest: readonly {
    readonly id: string
    readonly name: string
    readonly hint: string
    readonly last_used_at: string | null
    readonly calls_last_day: number
  }[]
  readonly last_used_at: string | null
}

export function ownerImpactQuery(id: string) {
  return queryOptions({
    queryKey: ['owner', id, 'impact'],
    queryFn: async ({ signal }) =>
      (await get<TSchema>(`/v1/owners/${encodeURIComponent(id)}/impact`, { signal })) as OwnerImpact,
  })
}
