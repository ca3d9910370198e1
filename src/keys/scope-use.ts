import { addSeconds } from '../base/clock.ts'
import { momentAt } from '../base/moment.ts'
import { DAY_MS, dayOf, type Key } from './key.ts'

/** Id of the sums of usage by scope over all credentials. They are kept by hour, and tell accepted from refused only. */
export const SUMS_BY_SCOPE = 'scopes'

/** A scope without a use in this time is a candidate for removal. */
const UNUSED_AFTER_SECONDS = 90 * 24 * 3600

/** The period in which a scope must have been exercised: uses are known by day, so one on its first day counts. */
export function scopePeriod(now: Date): { readonly since: Date; readonly firstDay: Date } {
  const since = addSeconds(now, -UNUSED_AFTER_SECONDS)
  return { since, firstDay: momentAt(dayOf(since) * DAY_MS) }
}

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
  readonly period: ReturnType<typeof scopePeriod>
  /** From here on, counts are complete and the key has had these scopes; null: nothing was counted yet. */
  readonly knownSince: Date | null
}

/** From here on, uses of the scopes that a key has are counted. Its scopes of before a change are not all known. */
export function scopesKnownSince(
  { createdAt, formerScopes }: Pick<Key, 'createdAt' | 'formerScopes'>,
  countedSince: Date | null,
): Date | null {
  if (countedSince === null) return null
  const latest = Math.max(...[countedSince, createdAt, formerScopes?.changedAt ?? createdAt].map(Number))
  return momentAt(latest)
}

/**
 * Tells which granted scopes a key has exercised. A scope without a use is `unused` only if counts reach back through the
 * whole period; else it is `unknown`. One of which only implied scopes were exercised cannot simply be removed.
 */
export function scopeUses({ granted, brings, lastDayOf, period, knownSince }: ScopeFacts): ScopeUse[] {
  const { since, firstDay } = period
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
