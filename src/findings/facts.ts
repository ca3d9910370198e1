import type { StoredSecret } from '../secrets/secret.ts'
import type { FindingHolder } from './finding.ts'

/** A network from which a key was accepted. */
export interface SeenNetwork {
  readonly network: string
  readonly firstAt: Date
  readonly lastAt: Date
  /** Other keys of the owner that were used there lately: how many, and in which environments. */
  readonly others: number
  readonly environments: readonly string[]
}

/** The part that was exercised of what a holder may do; null where that is not known for long enough. */
export interface Exercised {
  readonly used: readonly string[]
  readonly unused: readonly string[]
}

/** Facts of a holder, by which findings are detected. */
export interface Facts {
  readonly holder: FindingHolder
  readonly ownerId: string | null
  readonly environment: string | null
  readonly createdAt: Date
  /** False: revoked, disabled, suspended or over, so that nothing of it needs attention. */
  readonly isLive: boolean
  /** Of any of its secrets; null: no use is known. */
  readonly lastUsedAt: Date | null
  /** Those that still work. */
  readonly secrets: readonly StoredSecret[]
  readonly scopes: Exercised | null
  readonly permissions: Exercised | null
  /** Where callers are not bound to an allow-list; empty where they are. */
  readonly networks: readonly SeenNetwork[]
  readonly givenUp: GivenUpMail | null
}

export interface GivenUpMail {
  readonly to: string
  readonly subject: string
  readonly answer: string | null
  readonly at: Date
}

/** Facts of a holder of which nothing but this is known. */
export const NO_FACTS = {
  environment: null,
  lastUsedAt: null,
  secrets: [],
  scopes: null,
  permissions: null,
  networks: [],
  givenUp: null,
} as const satisfies Partial<Facts>
