import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { Static, TArray, TObject } from 'typebox'
import type { AuditActionsWire } from '../../../src/audit-log/audit-action.wire.ts'
import type { AuditEventWire, ChainCheckWire } from '../../../src/audit-log/audit-event.wire.ts'
import { get, type Search } from '../api/request.ts'
import { type AuditEvent, auditQuery } from './audit.queries.ts'

export type ChainCheck = Static<typeof ChainCheckWire>
type EventPage = TObject<{ data: TArray<typeof AuditEventWire> }>

export const AUDIT_FILTERS = [
  'owner_id',
  'actor_id',
  'target_id',
  'action',
  'result',
  'since',
  'until',
] as const

/** The list keeps still: what is newer is asked for by the reader. */
export function stillAuditQuery(query: Search) {
  return infiniteQueryOptions({ ...auditQuery(query), staleTime: Number.POSITIVE_INFINITY })
}

/** New events that are counted; more are "50+". */
export const NEWER_COUNTED = 50
const FOLLOW_MS = 5_000

/** The newest events of the same filter, again and again. */
export function newestQuery(query: Search, isFollowing: boolean) {
  return queryOptions({
    queryKey: ['audit', 'newest', query],
    queryFn: async ({ signal }) =>
      (
        await get<EventPage>('/v1/audit-events', {
          query: { ...query, limit: NEWER_COUNTED },
          signal,
        })
      ).data,
    enabled: isFollowing,
    refetchInterval: FOLLOW_MS,
  })
}

export const actionsQuery = queryOptions({
  queryKey: ['audit-actions'],
  queryFn: async ({ signal }) => (await get<typeof AuditActionsWire>('/v1/audit-actions', { signal })).data,
  staleTime: Number.POSITIVE_INFINITY,
})

/** Events on the same thing, up to and with this one: they say how it was before. */
export function historyQuery({ target_id, at, seq }: AuditEvent) {
  return queryOptions({
    queryKey: ['audit', 'history', seq],
    queryFn: async ({ signal }) => {
      const until = new Date(Date.parse(String(at)) + 1).toISOString()
      const query = { target_id, until, result: 'done', limit: 200 }
      return (await get<EventPage>('/v1/audit-events', { query, signal })).data
    },
    enabled: target_id !== null,
  })
}
