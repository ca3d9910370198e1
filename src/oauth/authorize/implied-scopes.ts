/**
 * A scope and one that it implied when the user allowed it, with a blank between, as stored. What a scope comes to imply
 * later is not granted: the user has not seen it.
 */
export type ImpliedScope = `${string} ${string}`

/** @param impliedBy the scopes that one implies, directly or not */
export function impliedPairs(
  scopes: Iterable<string>,
  impliedBy: (scope: string) => readonly string[],
): readonly ImpliedScope[] {
  return [...scopes].flatMap((scope) => impliedBy(scope).map((name) => `${scope} ${name}` as const))
}

/** True where all that a scope implies now was implied when the user allowed it. */
export function wereImplied(
  scope: string,
  impliesNow: readonly string[],
  stored: readonly string[],
): boolean {
  return impliesNow.every((name) => stored.includes(`${scope} ${name}`))
}

export function implyingScope(pair: string): string {
  return pair.slice(0, pair.indexOf(' '))
}
