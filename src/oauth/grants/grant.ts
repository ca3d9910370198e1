import type { ShownJson } from '../../db/oauth-tables.ts'

/**
 * The stored consent of a user: a client may have some scopes, for one owner. Codes and tokens depend on it. There is
 * one unrevoked grant for each user, client and owner; revoked ones stay for the record.
 */
export interface Grant {
  /** `grt_…` */
  readonly id: string
  readonly userId: string
  readonly clientId: string
  readonly ownerId: string
  /** All scopes that the user allowed. Tokens never allow more than this, whatever they were issued for. */
  readonly scopes: readonly string[]
  /**
   * Pairs `scope implied` of what these implied when the user allowed them. What they came to imply later is not
   * granted.
   */
  readonly implied: readonly string[]
  /** The page as the user last answered it. */
  readonly shown: ShownJson
  /** First consent, and last. */
  readonly createdAt: Date
  readonly consentedAt: Date
  readonly expiresAt: Date | null
  readonly lastUsedAt: Date | null
  readonly revokedAt: Date | null
  readonly revokedBy: string | null
  readonly revokedReason: string | null
}

/** A grant with the names that people read. */
export interface NamedGrant extends Grant {
  readonly clientName: string
  readonly clientUri: string | null
  /** Null where the owner has none. */
  readonly ownerName: string | null
  /** Of a user of the built-in login, for callers that are bound to no owner. */
  readonly userName: string | null
  readonly userEmail: string | null
  /** The client or its owner is suspended: no grant to it works. A revoked client has no unrevoked grants. */
  readonly isClientStopped: boolean
}

export const GRANT_STATES = ['active', 'stopped', 'expired', 'revoked'] as const
export type GrantState = (typeof GRANT_STATES)[number]

/** Derived from the timestamps, never stored. Does not consider the client: see {@link stateWithClient}. */
export function stateOf(
  { revokedAt, expiresAt }: Pick<Grant, 'revokedAt' | 'expiresAt'>,
  now: Date,
): Exclude<GrantState, 'stopped'> {
  if (revokedAt !== null) return 'revoked'
  return expiresAt !== null && expiresAt <= now ? 'expired' : 'active'
}

/** The state as people see it. An active grant to a suspended client is `stopped`: it allows nothing meanwhile. */
export function stateWithClient(grant: NamedGrant, now: Date): GrantState {
  const state = stateOf(grant, now)
  return state === 'active' && grant.isClientStopped ? 'stopped' : state
}
