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

/** Ways to prove who one is, weakest first. The first two are of one rank: each is enough to sign in. */
export const FACTORS = ['password', 'sso', 'totp', 'passkey'] as const
export type Factor = (typeof FACTORS)[number]

/** True where a factor among these counts as a second one. A passkey counts as both: it proves a device and its user. */
export function hasSecondFactor(factors: readonly Factor[]): boolean {
  return factors.includes('totp') || factors.includes('passkey')
}

/** The strongest of some factors. */
export function strongestOf(enrolled: readonly Factor[]): Factor {
  return FACTORS.findLast((factor) => enrolled.includes(factor)) ?? 'password'
}

/**
 * The proof that dangerous operations look at: of the strongest factor; where that is a first factor, of whichever was
 * proved last.
 */
export function latestProofOf(
  enrolled: readonly Factor[],
  provenAt: Readonly<Record<Factor, Date | null>>,
): { readonly factor: Factor; readonly provenAt: Date | null } {
  const factor = strongestOf(enrolled)
  if (factor !== 'password' && factor !== 'sso') return { factor, provenAt: provenAt[factor] }
  const { password, sso } = provenAt
  if (password === null || sso === null) return { factor, provenAt: password ?? sso }
  return { factor, provenAt: password > sso ? password : sso }
}
