import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { Static } from 'typebox'
import type { FindingCountsWire, FindingPage, FindingWire } from '../../../src/findings/finding.wire.ts'
import type { RemediedWire } from '../../../src/findings/remedy.wire.ts'
import { get, type Search } from '../api/request.ts'

export type FindingRow = Static<typeof FindingWire>
export type Remedied = Static<typeof RemediedWire>

export function findingsQuery(query: Search) {
  return infiniteQueryOptions({
    queryKey: ['findings', query],
    queryFn: ({ signal, pageParam }) =>
      get<typeof FindingPage>('/v1/findings', { query: { ...query, cursor: pageParam }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  })
}

export function findingQuery(id: string) {
  return queryOptions({
    queryKey: ['findings', id],
    queryFn: ({ signal }) => get<typeof FindingWire>(`/v1/findings/${id}`, { signal }),
  })
}

export const findingCountsQuery = queryOptions({
  queryKey: ['finding-counts'],
  queryFn: ({ signal }) => get<typeof FindingCountsWire>('/v1/findings/counts', { signal }),
})

/** Open findings about one credential: few, so that one page holds them. */
export function findingsOfQuery(holderId: string) {
  return queryOptions({
    queryKey: ['findings', 'of', holderId],
    queryFn: async ({ signal }) => {
      const query = { holder_id: holderId, state: 'open', limit: 50 }
      return (await get<typeof FindingPage>('/v1/findings', { query, signal })).data
    },
  })
}
