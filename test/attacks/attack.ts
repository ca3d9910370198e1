import type { Target } from './target.ts'

/** How an attack went: it was held off, or broke something, or could not be made, which is not the same as held. */
export type Finding =
  | { readonly outcome: 'held' }
  | { readonly outcome: 'broken'; readonly evidence: string }
  | { readonly outcome: 'not_made'; readonly why: string }

export interface Attack {
  /** The guarantees that it tries to break. */
  readonly guarantees: string
  readonly what: string
  readonly run: (target: Target) => Promise<Finding>
}

export const held: Finding = { outcome: 'held' }

export function broken(evidence: string): Finding {
  return { outcome: 'broken', evidence }
}

/** Held, unless there is something to say. */
export function unless(evidence: string | null): Finding {
  return evidence === null ? held : broken(evidence)
}
