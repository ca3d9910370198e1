import { expandScopes } from '@doorward/sdk/kernel'

/** As Postgres writes an array of `bytea`: a tenth of what it costs to have the driver write it. */
export function arrayOf(hashes: readonly string[]): string {
  return hashes.length === 0 ? '{}' : `{"\\\\x${hashes.join('","\\\\x')}"}`
}

/** All that some scopes, separated by spaces, allow; worked out once for each list, because many credentials have the same. */
export function expanding(
  implies: Readonly<Record<string, readonly string[]>> | null,
): (scopes: string) => ReadonlySet<string> {
  const byScope = new Map(Object.entries(implies ?? {}))
  const done = new Map<string, ReadonlySet<string>>()
  return (scopes) => {
    const known = done.get(scopes) ?? expandScopes(scopes === '' ? [] : scopes.split(' '), byScope)
    done.set(scopes, known)
    return known
  }
}
