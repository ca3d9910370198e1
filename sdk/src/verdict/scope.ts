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

/** Longer names are compared with nothing: they are no slip of the hand, and comparing takes length times length. */
const MAX_COMPARED_LENGTH = 64
/** More changes than this make another name, however long it is. */
const MAX_CHANGES = 4

/**
 * The known name most like a mistyped one, or null where none is near: where more than a third of it, or more than four
 * characters, would change. A caller chooses the name, so the work for one known name is bounded.
 */
export function nearestName(name: string, known: Iterable<string>): string | null {
  if (name.length > MAX_COMPARED_LENGTH) return null
  let nearest: string | null = null
  let fewest = Math.min(Math.floor(name.length / 3), MAX_CHANGES) + 1
  for (const candidate of known) {
    const changes = editDistance(name, candidate, fewest)
    if (changes < fewest) [nearest, fewest] = [candidate, changes]
  }
  return nearest
}

/**
 * Levenshtein's distance, one row at a time, where it is less than a bound; else the bound. Only cells less than the bound
 * away from the diagonal can be part of such a distance (Ukkonen).
 */
function editDistance(a: string, b: string, bound: number): number {
  if (Math.abs(a.length - b.length) >= bound) return bound
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next: number[] = Array(b.length + 1).fill(bound)
    const from = Math.max(0, i - bound)
    const to = Math.min(b.length, i + bound)
    let least = bound
    for (let j = from; j <= to; j++) {
      const swap = j === 0 ? i : (row[j - 1] ?? bound) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const changes = Math.min(swap, (row[j] ?? bound) + 1, (next[j - 1] ?? bound) + 1)
      next[j] = changes
      least = Math.min(least, changes)
    }
    if (least >= bound) return bound
    row = next
  }
  return Math.min(row[b.length] ?? bound, bound)
}
