import { queryOptions } from '@tanstack/react-query'
import type { Static, TArray, TNull, TObject, TString, TUnion } from 'typebox'
import type { OwnerWire } from '../../../src/owners/owner.wire.ts'
import { get } from '../api/request.ts'

export type Owner = Static<typeof OwnerWire>

type OwnerPage = TObject<{ data: TArray<typeof OwnerWire>; next_cursor: TUnion<[TString, TNull]> }>

export function ownerQuery(id: string) {
  return queryOptions({
    queryKey: ['owner', id],
    queryFn: ({ signal }) => get<typeof OwnerWire>(`/v1/owners/${encodeURIComponent(id)}`, { signal }),
    enabled: id !== '',
  })
}

/**
 * The owner with an id that is being typed, or null. Asks the list first, because a form takes ids of owners that are not
 * there yet, and a browser reports each 404 as an error.
 */
export function typedOwnerQuery(id: string) {
  return queryOptions({
    queryKey: ['owner', 'typed', id],
    queryFn: async ({ signal }): Promise<Owner | null> => {
      const page = await get<OwnerPage>('/v1/owners', { query: { q: id.slice(0, 100), limit: 100 }, signal })
      const found = page.data.find((owner) => owner.id === id)
      if (found !== undefined || page.next_cursor === null) return found ?? null
      return await get<typeof OwnerWire>(`/v1/owners/${encodeURIComponent(id)}`, { signal })
    },
    enabled: id !== '',
    retry: false,
  })
}

/** The newest owners: suggestions in a form. An owner may have any id, so a form takes others too. */
export const newestOwnersQuery = queryOptions({
  queryKey: ['owners', 'newest'],
  queryFn: async ({ signal }) =>
    (
      await get<OwnerPage>('/v1/owners', {
        query: { limit: 100 },
        signal,
      })
    ).data,
  staleTime: 60_000,
})
