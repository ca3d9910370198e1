import type { ShownJson } from '../../db/oauth-tables.ts'

/**
 * The stored fact that a user allowed a client some scopes, for one owner. Codes and tokens hang from it. One stands for
 * each user, client and owner; those that are revoked stay for the record.
 */
export interface Grant {
  /** `grt_…` */
  readonly id: string
  readonly userId: string
  readonly clientId: string
  readonly ownerId: string
  /** What the user said yes to, all told. What tokens may do is never more than this, whatever they were issued for. */
  readonly scopes: readonly string[]
  /** What these implied when the user allowed them, as `scope implied` pairs. What they came to imply later is not granted. */
  readonly implied: readonly string[]
  /** What the page showed when the user last answered. */
  readonly shown: ShownJson
  /** When the user first said yes, and last. */
  readonly createdAt: Date
  readonly consentedAt: Date
  readonly expiresAt: Date | null
  readonly lastUsedAt: Date | null
  readonly revokedAt: Date | null
  readonly revokedBy: string | null
  readonly revokedReason: string | null
}

/** A grant as people see it. */
export interface NamedGrant extends Grant {
  readonly clientName: string
  readonly clientUri: string | null
  /** Null where the owner has none. */
  readonly ownerName: string | null
  /** Whether the client or its owner is suspended: nothing of it works, and this neither. A revoked one has no grants. */
  readonly isClientStopped: boolean
}

export const GRANT_STATES = ['active', 'stopped', 'expired', 'revoked'] as const
export type GrantState = (typeof GRANT_STATES)[number]

/** Read off the timestamps, never stored. By itself: whether its client is stopped is looked at apart. */
export function stateOf(
  { revokedAt, expiresAt }: Pick<Grant, 'revokedAt' | 'expiresAt'>,
  now: Date,
): Exclude<GrantState, 'stopped'> {
  if (revokedAt !== null) return 'revoked'
  return expiresAt !== null && expiresAt <= now ? 'expired' : 'active'
}

/** The state as people are told it. A grant that stands for a client that is stopped is worth nothing meanwhile. */
export function stateWithClient(grant: NamedGrant, now: Date): GrantState {
  const state = stateOf(grant, now)
  return state === 'active' && grant.isClientStopped ? 'stopped' : state
}
