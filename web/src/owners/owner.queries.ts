import { queryOptions } from '@tanstack/react-query'
import type { Static, TArray, TObject } from 'typebox'
import type { OwnerWire } from '../../../src/owners/owner.wire.ts'
import { get } from '../api/request.ts'

export type Owner = Static<typeof OwnerWire>

export function ownerQuery(id: string) {
  return queryOptions({
    queryKey: ['owner', id],
    queryFn: ({ signal }) => get<typeof OwnerWire>(`/v1/owners/${encodeURIComponent(id)}`, { signal }),
    enabled: id !== '',
  })
}

/** The newest owners: suggestions in a form. An owner may have any id, so a form takes others too. */
export const newestOwnersQuery = queryOptions({
  queryKey: ['owners', 'newest'],
  queryFn: async ({ signal }) =>
    (
      await get<TObject<{ data: TArray<typeof OwnerWire> }>>('/v1/owners', {
        query: { limit: 100 },
        signal,
      })
    ).data,
  staleTime: 60_000,
})
