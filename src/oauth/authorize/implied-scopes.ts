/** That a scope brought along another when a user allowed it, as it is stored. */
export type ImpliedScope = `${string} ${string}`

/** @param brings what each scope brings along, directly or not */
export function impliedBy(
  scopes: Iterable<string>,
  brings: (scope: string) => readonly string[],
): readonly ImpliedScope[] {
  return [...scopes].flatMap((scope) => brings(scope).map((name) => `${scope} ${name}` as const))
}

/** Whether what a scope brings along now was so when it was allowed. */
export function wasImplied(scope: string, brings: readonly string[], brought: readonly string[]): boolean {
  return brings.every((name) => brought.includes(`${scope} ${name}`))
}

/** The scope that brought it. */
export function implyingScope(brought: string): string {
  return brought.slice(0, brought.indexOf(' '))
}
