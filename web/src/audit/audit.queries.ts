import { infiniteQueryOptions } from '@tanstack/react-query'
import type { Static, TArray, TNull, TObject, TString, TUnion } from 'typebox'
import type { AuditEventWire } from '../../../src/audit-log/audit-event.wire.ts'
import { get, type Search } from '../api/request.ts'

export type AuditEvent = Static<typeof AuditEventWire>
type AuditPage = TObject<{ data: TArray<typeof AuditEventWire>; next_cursor: TUnion<[TString, TNull]> }>

export function auditQuery(query: Search) {
  return infiniteQueryOptions({
    queryKey: ['audit', query],
    queryFn: ({ signal, pageParam }) =>
      get<AuditPage>('/v1/audit-events', { query: { ...query, cursor: pageParam }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  })
}
