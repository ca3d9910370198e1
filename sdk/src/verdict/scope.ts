/**
 * Scopes are `<resource>:<action>`: case-sensitive, compared whole, without prefixes or wildcards. The characters are a
 * subset of RFC 6749 §3.3's scope-token, so a list joins with spaces on the OAuth wire.
 */

declare const scopeMark: unique symbol
/** A scope's name that {@link parseScope} has checked. */
export type Scope = string & { readonly [scopeMark]: true }

const SCOPE = /^[a-z][a-z0-9_.-]{0,63}:[a-z][a-z0-9_-]{0,31}$/

/** Parses a scope; null where the text is not exactly one `<resource>:<action>`. */
export function parseScope(text: string): Scope | null {
  return SCOPE.test(text) ? (text as Scope) : null
}

/**
 * Returns a list of scopes and all that they imply, directly or transitively.
 *
 * @param implies from a scope to those that it implies directly; cycles are harmless
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

/** Longer names are not compared: they are not typing errors, and comparing takes the product of the lengths. */
const MAX_COMPARED_LENGTH = 64
/** With more changes than this it is another name, however long it is. */
const MAX_CHANGES = 4

/**
 * Returns the known name nearest to a mistyped one; null where more than a third of it, or more than four characters,
 * would change. The client chooses the name, so the work for one known name is bounded.
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
 * Levenshtein distance, one row at a time, where it is less than a bound; otherwise the bound. Only cells less than the
 * bound away from the diagonal matter (Ukkonen).
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
