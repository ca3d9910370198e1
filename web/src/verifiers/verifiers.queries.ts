import { queryOptions } from '@tanstack/react-query'
import type { Static } from 'typebox'
import type { MomentText } from '../../../src/http/wire.ts'
import type { ArrivalWire, VerifiersWire } from '../../../src/verifiers/verifier.wire.ts'
import { get } from '../api/request.ts'

export type ArrivalAnswer = Static<typeof ArrivalWire>
export type VerifiersAnswer = Static<typeof VerifiersWire>

const ARRIVING_EVERY_MS = 1_000
const LIST_EVERY_MS = 10_000

/** Where the change of a moment has arrived. Asked again until it has arrived everywhere. */
export function arrivalQuery(at: MomentText) {
  return queryOptions({
    queryKey: ['arrival', at],
    queryFn: ({ signal }) => get<typeof ArrivalWire>('/v1/arrival', { query: { at: String(at) }, signal }),
    refetchInterval: ({ state: { data } }) => (data?.state === 'arriving' ? ARRIVING_EVERY_MS : false),
  })
}

export const verifiersQuery = queryOptions({
  queryKey: ['verifiers'],
  queryFn: ({ signal }) => get<typeof VerifiersWire>('/v1/verifiers', { signal }),
  refetchInterval: LIST_EVERY_MS,
})
