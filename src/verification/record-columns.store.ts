import { expandScopes } from '@doorward/sdk/kernel'

/** Encodes a `bytea[]` literal: a tenth of what the driver's own encoding costs. */
export function arrayOf(hashes: readonly string[]): string {
  return hashes.length === 0 ? '{}' : `{"\\\\x${hashes.join('","\\\\x')}"}`
}

/**
 * Expands scopes, separated by spaces, by those that they imply. With `brought`, the implied scopes that a user was shown
 * at consent, only those are added. The set is sorted, and so is each answer that lists it.
 */
export type Expand = (scopes: string, brought?: string | null) => ReadonlySet<string>

/** Makes an {@link Expand} that computes each list once, because many credentials have the same. */
export function expanding(implies: Readonly<Record<string, readonly string[]>> | null): Expand {
  const byScope = new Map(Object.entries(implies ?? {}))
  const done = new Map<string, ReadonlySet<string>>()
  return (scopes, brought = null) => {
    const asked = brought === null ? scopes : `${scopes}\n${brought}`
    const known = done.get(asked)
    if (known !== undefined) return known
    const named = scopes === '' ? [] : scopes.split(' ')
    const all = expandScopes(named, byScope)
    const isWhole = brought === null || all.size === named.length
    const allowed = isWhole ? all : all.intersection(new Set([...named, ...brought.split(' ')]))
    const sorted = new Set([...allowed].sort())
    done.set(asked, sorted)
    return sorted
  }
}
