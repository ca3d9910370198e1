import { queryOptions } from '@tanstack/react-query'
import type { Static } from 'typebox'
import type { OverviewWire } from '../../../src/overview/overview.wire.ts'
import { get } from '../api/request.ts'

export type Overview = Static<typeof OverviewWire>

const AGAIN_MS = 30_000

export const overviewQuery = queryOptions({
  queryKey: ['overview'],
  queryFn: ({ signal }) => get<typeof OverviewWire>('/v1/overview', { signal }),
  refetchInterval: AGAIN_MS,
})
