import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { Static, TArray, TNull, TObject, TSchema, TString, TUnion } from 'typebox'
import type { InvitationWire, StaffWire } from '../../../src/staff/staff.wire.ts'
import type { StaffSessionWire } from '../../../src/staff/staff-session.wire.ts'
import { get } from '../api/request.ts'

export type Member = Static<typeof StaffWire>
export type Invitation = Static<typeof InvitationWire>
export type MemberSession = Static<typeof StaffSessionWire>
type Page<Row extends TSchema> = TObject<{ data: TArray<Row>; next_cursor: TUnion<[TString, TNull]> }>

export const staffQuery = infiniteQueryOptions({
  queryKey: ['staff'],
  queryFn: ({ signal, pageParam }) =>
    get<Page<typeof StaffWire>>('/v1/staff', { query: { cursor: pageParam }, signal }),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next_cursor ?? undefined,
})

export const invitationsQuery = queryOptions({
  queryKey: ['staff', 'invitations'],
  queryFn: async ({ signal }) =>
    (await get<Page<typeof InvitationWire>>('/v1/staff-invitations', { query: { limit: 200 }, signal })).data,
})

export function memberQuery(id: string) {
  return queryOptions({
    queryKey: ['staff', id],
    queryFn: ({ signal }) => get<typeof StaffWire>(`/v1/staff/${id}`, { signal }),
  })
}

export function sessionsQuery(id: string) {
  return queryOptions({
    queryKey: ['staff', id, 'sessions'],
    queryFn: async ({ signal }) =>
      (
        await get<Page<typeof StaffSessionWire>>(`/v1/staff/${id}/sessions`, {
          query: { limit: 200 },
          signal,
        })
      ).data,
  })
}
