import { queryOptions } from '@tanstack/react-query'
import type { Static } from 'typebox'
import type { EvidencePageWire, EvidenceWire } from '../../../src/evidence/evidence.wire.ts'
import { get } from '../api/request.ts'
import type { Period } from './period.ts'

export type Evidence = Static<typeof EvidenceWire>
export type EvidenceSection = Evidence['sections'][number]
export type EvidenceEvent = EvidenceSection['data'][number]

/** A report. It is made once for each period that is asked for: each is an event of the audit log. */
export function evidenceQuery(period: Period) {
  return queryOptions({
    queryKey: ['evidence', period],
    queryFn: ({ signal }) => get<typeof EvidenceWire>('/v1/evidence', { query: { ...period }, signal }),
    staleTime: Number.POSITIVE_INFINITY,
  })
}

/** The events of a section after those that the report holds. */
export function readMore(section: EvidenceSection['id'], { from, to }: Evidence, cursor: string) {
  const query = { from: String(from), to: String(to), limit: 200, cursor }
  return get<typeof EvidencePageWire>(`/v1/evidence/${section}`, { query })
}
