import type { ShownJson } from '../db/schema.ts'

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
  /** What the page showed when the user last answered. */
  readonly shown: ShownJson
  /** First, and last. */
  readonly grantedAt: Date
  readonly consentedAt: Date
  readonly expiresAt: Date | null
  readonly lastUsedAt: Date | null
  readonly revokedAt: Date | null
  readonly revokedBy: string | null
  readonly revokedReason: string | null
}
