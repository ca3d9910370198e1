import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { Static, TArray, TNull, TObject, TString, TUnion } from 'typebox'
import type { GrantWire } from '../../../src/oauth/grants/grant.wire.ts'
import { get, type Search } from '../api/request.ts'

export type Grant = Static<typeof GrantWire>
type GrantPage = TObject<{ data: TArray<typeof GrantWire>; next_cursor: TUnion<[TString, TNull]> }>

export function grantsQuery(query: Search) {
  return infiniteQueryOptions({
    queryKey: ['grants', query],
    queryFn: ({ signal, pageParam }) =>
      get<GrantPage>('/v1/grants', { query: { ...query, cursor: pageParam }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  })
}

export function grantQuery(id: string) {
  return queryOptions({
    queryKey: ['grant', id],
    queryFn: ({ signal }) => get<typeof GrantWire>(`/v1/grants/${encodeURIComponent(id)}`, { signal }),
  })
}
