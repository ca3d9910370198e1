import type { Target } from './target.ts'

/** Outcome of an attack: held off, broken, or not possible here, which is not the same as held off. */
export type Finding =
  | { readonly outcome: 'held' }
  | { readonly outcome: 'broken'; readonly evidence: string }
  | { readonly outcome: 'not_made'; readonly why: string }

export interface Attack {
  /** The guarantees that the attack tries to break. */
  readonly guarantees: string
  readonly what: string
  readonly run: (target: Target) => Promise<Finding>
}

export const held: Finding = { outcome: 'held' }

export function broken(evidence: string): Finding {
  return { outcome: 'broken', evidence }
}

/** Held, unless there is evidence. */
export function unless(evidence: string | null): Finding {
  return evidence === null ? held : broken(evidence)
}
