import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { Static, TArray, TNull, TObject, TString, TUnion } from 'typebox'
import type { SessionWire } from '../../../src/sessions/session.wire.ts'
import type { UserWire } from '../../../src/users/user.wire.ts'
import { get, type Search } from '../api/request.ts'

export type User = Static<typeof UserWire>
export type UserSession = Static<typeof SessionWire>
type Page<Row extends typeof UserWire | typeof SessionWire> = TObject<{
  data: TArray<Row>
  next_cursor: TUnion<[TString, TNull]>
}>

export function usersQuery(query: Search) {
  return infiniteQueryOptions({
    queryKey: ['users', query],
    queryFn: ({ signal, pageParam }) =>
      get<Page<typeof UserWire>>('/v1/users', { query: { ...query, cursor: pageParam }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  })
}

export function userQuery(id: string) {
  return queryOptions({
    queryKey: ['user', id],
    queryFn: ({ signal }) => get<typeof UserWire>(`/v1/users/${encodeURIComponent(id)}`, { signal }),
  })
}

export function sessionsQuery(id: string) {
  return infiniteQueryOptions({
    queryKey: ['user', id, 'sessions'],
    queryFn: ({ signal, pageParam }) =>
      get<Page<typeof SessionWire>>(`/v1/users/${encodeURIComponent(id)}/sessions`, {
        query: { cursor: pageParam },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  })
}
