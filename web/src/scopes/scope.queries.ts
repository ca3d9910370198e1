import { queryOptions, useQuery } from '@tanstack/react-query'
import type { Static } from 'typebox'
import type { ScopeHoldersWire } from '../../../src/keys/scope-holder.wire.ts'
import type { UsageSeriesWire } from '../../../src/usage/usage-series.wire.ts'
import { get } from '../api/request.ts'
import { useSession } from '../api/session.ts'

export type ScopeHolders = Static<typeof ScopeHoldersWire>

export function scopePath(name: string, more = ''): `/v1/${string}` {
  return `/v1/scopes/${encodeURIComponent(name)}${more}`
}

export function holdersQuery(name: string) {
  return queryOptions({
    queryKey: ['scopes', 'holders', name],
    queryFn: ({ signal }) => get<typeof ScopeHoldersWire>(scopePath(name, '/holders'), { signal }),
  })
}

/** When each scope was last asked for with success, in 90 days: a day of UTC. */
export interface Exercised {
  /** Null: not in 90 days. Undefined: not known, where there are more scopes than the API tells apart. */
  on(name: string): string | null | undefined
}

const exercisedQuery = queryOptions({
  queryKey: ['scopes', 'exercised'],
  queryFn: async ({ signal }): Promise<Exercised> => {
    const query = { by: 'scope', span: '90d' }
    const { buckets, series } = await get<typeof UsageSeriesWire>('/v1/usage/series', { query, signal })
    const hasRest = series.some(({ scope }) => scope === null)
    const last = new Map<string, string>()
    for (const { scope, outcome, values } of series) {
      const at = values.findLastIndex((value) => value > 0)
      if (scope !== null && outcome === 'accepted' && at >= 0) last.set(scope, String(buckets[at]))
    }
    return { on: (name) => last.get(name) ?? (hasRest ? undefined : null) }
  },
  staleTime: 60_000,
})

/** Undefined where it is not known, as for people who are bound to some environments: uses are counted over all of them. */
export function useExercised(): Exercised | undefined {
  const { permissions, bound_to_environments } = useSession()
  const isAllowed = permissions.includes('keys:read') && !bound_to_environments
  return useQuery({ ...exercisedQuery, enabled: isAllowed }).data
}
