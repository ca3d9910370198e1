import type { RoleName } from './role.ts'

/** A person who runs the API. */
export interface StaffMember {
  readonly id: string
  /** Lower case. */
  readonly email: string
  readonly name: string
  readonly role: RoleName
  readonly createdBy: string
  readonly createdAt: Date
  /** Null: can sign in. */
  readonly disabledAt: Date | null
  readonly disabledReason: string | null
  /** The row of a removed member stays for the audit log. */
  readonly removedAt: Date | null
}

/** Ways to prove who one is, weakest first. */
export const FACTORS = ['sso', 'password', 'totp', 'passkey'] as const
export type Factor = (typeof FACTORS)[number]

/** True where a factor among these counts as a second one. A passkey counts as both: it proves a device and its user. */
export function hasSecondFactor(factors: readonly Factor[]): boolean {
  return factors.includes('totp') || factors.includes('passkey')
}

/** The strongest of some factors. */
export function strongestOf(enrolled: readonly Factor[]): Factor {
  return FACTORS.findLast((factor) => enrolled.includes(factor)) ?? 'password'
}
