import type { RoleName } from './role.ts'

/** A one-time link: it makes the first administrator, accepts an invitation, or sets a new password. */
export interface StaffLink {
  readonly id: string
  readonly hash: Uint8Array
  readonly kind: 'first' | 'invitation' | 'password'
  readonly createdBy: string
  readonly createdAt: Date
  readonly expiresAt: Date
  /** The member whose password it sets; null for the other kinds. */
  readonly staffId: string | null
  /** The address that is invited, or the member's. */
  readonly email: string | null
  /** The role that is offered; null for the other kinds. */
  readonly role: RoleName | null
}

/**
 * Lifetimes. An installation is entered and a password set at once; an invited person may be away for a few days
 * (decision 0033).
 */
export const LINK_SECONDS = { first: 3600, invitation: 72 * 3600, password: 3600 } as const
