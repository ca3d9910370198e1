import { startOf } from './usage.ts'

/** A granted scope as far as it was exercised. */
export interface ScopeUse {
  readonly scope: string
  readonly use: 'used' | 'only_implied' | 'unused' | 'unknown'
  readonly lastDay: Date | null
  /** Scopes that it implies, that are not granted by themselves, and that were exercised. */
  readonly impliedUsed: readonly string[]
}

export interface ScopeFacts {
  readonly granted: readonly string[]
  /** Names of the scopes that a scope implies, itself not included. */
  readonly brings: (scope: string) => readonly string[]
  /** Last day on which the key was accepted for a scope. */
  readonly lastDayOf: ReadonlyMap<string, Date>
  /** The period asked about begins here. */
  readonly since: Date
  /** Counts of the key are complete from here on; null: nothing was counted yet. */
  readonly knownSince: Date | null
}

/**
 * Tells which granted scopes a key has exercised. A scope without a use is `unused` only if counts reach back through the
 * whole period; else it is `unknown`. One of which only implied scopes were exercised cannot simply be removed.
 */
export function scopeUses({ granted, brings, lastDayOf, since, knownSince }: ScopeFacts): ScopeUse[] {
  // Uses are known by day: one on the first day of the period counts, whatever its hour.
  const firstDay = startOf('day', since)
  const isUsed = (scope: string) => {
    const day = lastDayOf.get(scope)
    return day !== undefined && day >= firstDay
  }
  const isKnown = knownSince !== null && knownSince <= since
  return granted.map((scope) => {
    const impliedUsed = brings(scope).filter((each) => !granted.includes(each) && isUsed(each))
    const without = impliedUsed.length > 0 ? 'only_implied' : isKnown ? 'unused' : 'unknown'
    return {
      scope,
      use: isUsed(scope) ? 'used' : without,
      lastDay: lastDayOf.get(scope) ?? null,
      impliedUsed,
    }
  })
}
