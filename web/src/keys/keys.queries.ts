import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { Static, TArray, TNull, TObject, TString, TUnion } from 'typebox'
import type { KeyWire } from '../../../src/keys/key.wire.ts'
import { get, type Search } from '../api/request.ts'

export type KeyRow = Static<typeof KeyWire>
type KeyPage = TObject<{ data: TArray<typeof KeyWire>; next_cursor: TUnion<[TString, TNull]> }>

export function keysQuery(query: Search) {
  return infiniteQueryOptions({
    queryKey: ['keys', query],
    queryFn: ({ signal, pageParam }) =>
      get<KeyPage>('/v1/keys', { query: { ...query, cursor: pageParam }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  })
}

/** Polled while a key is looked at, so that "last used" moves. */
const EVERY_MS = 30_000

export function keyQuery(id: string) {
  return queryOptions({
    queryKey: ['key', id],
    queryFn: ({ signal }) => get<typeof KeyWire>(`/v1/keys/${id}`, { signal }),
    refetchInterval: EVERY_MS,
  })
}
