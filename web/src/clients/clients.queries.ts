import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { Static, TArray, TNull, TObject, TString, TUnion } from 'typebox'
import type { ClientWire } from '../../../src/clients/client.wire.ts'
import type { ClientSoftwareWire } from '../../../src/clients/client-software.wire.ts'
import type { RefusedRequestWire } from '../../../src/clients/refused-request.wire.ts'
import type { ClientImpactWire } from '../../../src/oauth/grants/client-impact.wire.ts'
import { get, type Search } from '../api/request.ts'

export type Client = Static<typeof ClientWire>
export type ClientImpact = Static<typeof ClientImpactWire>
export type ClientSoftware = Static<typeof ClientSoftwareWire>['data'][number]
export type RefusedRequest = Static<typeof RefusedRequestWire>
type ClientPage = TObject<{ data: TArray<typeof ClientWire>; next_cursor: TUnion<[TString, TNull]> }>

/** The API's path of a client: an id may be a URL. */
export function clientPath(id: string, more = ''): `/v1/${string}` {
  return `/v1/clients/${encodeURIComponent(id)}${more}`
}

export function clientsQuery(query: Search) {
  return infiniteQueryOptions({
    queryKey: ['clients', query],
    queryFn: ({ signal, pageParam }) =>
      get<ClientPage>('/v1/clients', { query: { ...query, cursor: pageParam }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  })
}

export function clientQuery(id: string) {
  return queryOptions({
    queryKey: ['client', id],
    queryFn: ({ signal }) => get<typeof ClientWire>(clientPath(id), { signal }),
  })
}

export function clientImpactQuery(id: string) {
  return queryOptions({
    queryKey: ['client', id, 'impact'],
    queryFn: ({ signal }) => get<typeof ClientImpactWire>(clientPath(id, '/impact'), { signal }),
  })
}

export function refusedRequestsQuery(id: string) {
  return queryOptions({
    queryKey: ['client', id, 'refused-requests'],
    queryFn: async ({ signal }) =>
      (
        await get<TObject<{ data: TArray<typeof RefusedRequestWire> }>>(clientPath(id, '/refused-requests'), {
          signal,
        })
      ).data,
  })
}

export const softwareQuery = queryOptions({
  queryKey: ['client-software'],
  queryFn: ({ signal }) => get<typeof ClientSoftwareWire>('/v1/client-software', { signal }),
})
