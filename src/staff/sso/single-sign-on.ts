import type { RoleName } from '../role.ts'

/** Roles that a domain can give. An administrator is made by a person. */
export const DEFAULT_ROLES = [
  'viewer',
  'support',
  'developer',
  'security',
] as const satisfies readonly RoleName[]
export type DefaultRole = (typeof DEFAULT_ROLES)[number]

/** The identity provider of staff (OpenID Connect). */
export interface SingleSignOn {
  /** Another one with each issuer and client: a sign-in that is under way belongs to one. */
  readonly version: string
  readonly issuer: string
  readonly clientId: string
  readonly sealedClientSecret: Uint8Array | null
  /** E-mail domains, in lower case, whose people become members at their first sign-in. */
  readonly domains: readonly string[]
  readonly defaultRole: DefaultRole
  readonly changedAt: Date
  readonly test: SsoTest | null
  /** Null: passwords and passkeys are accepted too. */
  readonly requiredSince: Date | null
}

/** The last successful sign-in of a member who may change staff. */
export interface SsoTest {
  readonly at: Date
  readonly staffId: string
  /** True where the provider states when a person signed in (`auth_time`), which a fresh proof needs. */
  readonly statesAuthTime: boolean
}

/** Purpose of a sign-in at the provider. */
export type SsoPurpose =
  | { readonly kind: 'sign_in' }
  | { readonly kind: 'accept'; readonly linkHash: Uint8Array }
  | { readonly kind: 'connect'; readonly sessionId: string }
  | { readonly kind: 'confirm'; readonly sessionId: string }

/** A sign-in under way at the provider, bound to one browser. */
export interface SsoFlow {
  readonly version: string
  readonly purpose: SsoPurpose
  readonly returnTo: string
  readonly createdAt: Date
}

/** A sign-in here lasts a day, and so may the one at the provider. Dangerous operations need a new one. */
export function maxAgeOf({ kind }: SsoPurpose): number {
  return kind === 'sign_in' || kind === 'accept' ? 24 * 3600 : 0
}

/** Enough for a second factor at the provider. */
export const FLOW_SECONDS = 600

/** The domain of an e-mail address, in lower case. */
export function domainOf(email: string): string {
  return email.slice(email.lastIndexOf('@') + 1).toLowerCase()
}
