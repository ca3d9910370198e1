import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { Static } from 'typebox'
import type { KeyWire } from '../../../src/keys/key.wire.ts'
import type { KeyCountsWire, KeyPage } from '../../../src/keys/key-list.wire.ts'
import { get, type Search } from '../api/request.ts'

export type KeyRow = Static<typeof KeyWire>

const ROWS = 50
/** Requests for one page: the server reads a bounded share of rows for each, of which few may match. */
const MOST_REQUESTS = 8

export function keysQuery(query: Search) {
  return infiniteQueryOptions({
    queryKey: ['keys', query],
    queryFn: async ({ signal, pageParam }) => {
      const data: KeyRow[] = []
      let cursor: string | null | undefined = pageParam
      for (let count = 0; count < MOST_REQUESTS && data.length < ROWS; count++) {
        const page: Static<typeof KeyPage> = await get<typeof KeyPage>('/v1/keys', {
          query: { ...query, limit: ROWS - data.length, cursor },
          signal,
        })
        data.push(...page.data)
        cursor = page.next_cursor
        if (cursor === null) break
      }
      return { data, next_cursor: cursor ?? null }
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    // Rows must not move under the reader's pointer.
    refetchOnWindowFocus: false,
  })
}

export function keyCountsQuery(query: Search) {
  return queryOptions({
    queryKey: ['keys', 'counts', query],
    queryFn: ({ signal }) => get<typeof KeyCountsWire>('/v1/keys/counts', { query, signal }),
    placeholderData: (before) => before,
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
