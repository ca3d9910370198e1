import { expandScopes } from '@doorward/sdk/kernel'

/** As Postgres writes an array of `bytea`: a tenth of what it costs to have the driver write it. */
export function arrayOf(hashes: readonly string[]): string {
  return hashes.length === 0 ? '{}' : `{"\\\\x${hashes.join('","\\\\x')}"}`
}

/**
 * All that some scopes, separated by spaces, allow; worked out once for each list, because many credentials have the same.
 * With `brought`, what they imply is only what is in it: what a user was shown.
 */
export function expanding(
  implies: Readonly<Record<string, readonly string[]>> | null,
): (scopes: string, brought?: string | null) => ReadonlySet<string> {
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
    done.set(asked, allowed)
    return allowed
  }
}
