/**
 * Scopes are `<resource>:<action>`: case-sensitive, compared whole, never by prefix, no wildcards.
 * The characters are a subset of RFC 6749 §3.3's scope-token, so a list joins with spaces on the OAuth wire.
 */

declare const scopeMark: unique symbol
/** A scope name that {@link parseScope} has seen. */
export type Scope = string & { readonly [scopeMark]: true }

const SCOPE = /^[a-z][a-z0-9_.-]{0,63}:[a-z][a-z0-9_-]{0,31}$/

/** The scope in a text, or null where it is not exactly one `<resource>:<action>`. */
export function parseScope(text: string): Scope | null {
  return SCOPE.test(text) ? (text as Scope) : null
}

/**
 * All that a list of scopes allows: itself and what it implies, through any number of steps.
 *
 * @param implies from a scope to those it implies directly; circles are harmless
 */
export function expandScopes(
  granted: Iterable<string>,
  implies: ReadonlyMap<string, readonly string[]>,
): ReadonlySet<string> {
  const allowed = new Set<string>()
  const open = [...granted]
  for (let scope = open.pop(); scope !== undefined; scope = open.pop()) {
    if (allowed.has(scope)) continue
    allowed.add(scope)
    open.push(...(implies.get(scope) ?? []))
  }
  return allowed
}

/** The known name most like a mistyped one, or null where none is near (more than a third of it would change). */
export function nearestName(name: string, known: Iterable<string>): string | null {
  let nearest: string | null = null
  let fewest = Math.floor(Math.min(name.length, 100) / 3) + 1
  for (const candidate of known) {
    const changes = editDistance(name.slice(0, 100), candidate)
    if (changes < fewest) [nearest, fewest] = [candidate, changes]
  }
  return nearest
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
