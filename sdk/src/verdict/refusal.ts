import type { LimitState } from './limits.ts'

/**
 * Every reason to refuse a credential, with its evidence. A closed union: the compiler names each switch that lacks a new
 * arm. `challenge.ts` decides what the client is told, `explain.ts` what the owner is told.
 */
export type Refusal =
  /** `isPadded`: it has a blank or a newline around it. */
  | { readonly reason: 'malformed'; readonly isPadded?: true }
  | { readonly reason: 'unknown' }
  | { readonly reason: 'revoked'; readonly at: Date }
  | { readonly reason: 'rotated'; readonly at: Date }
  | { readonly reason: 'expired'; readonly at: Date }
  | { readonly reason: 'owner_suspended'; readonly at: Date }
  | { readonly reason: 'disabled'; readonly at: Date }
  | { readonly reason: 'environment_mismatch'; readonly actual: string; readonly expected: string }
  | {
      readonly reason: 'wrong_audience'
      readonly audiences: readonly string[]
      readonly expected: string
    }
  | { readonly reason: 'ip_not_allowed'; readonly clientIp: string | null }
  | {
      readonly reason: 'missing_scope'
      readonly missing: readonly string[]
      readonly required: readonly string[]
    }
  | {
      readonly reason: 'rate_limited' | 'quota_exceeded'
      readonly retryAfterSeconds: number
      /** The limit that refuses; of several, the one that does so the longest. */
      readonly limit: LimitState
    }

/** The form in which a credential was found in a header that presents none. */
export type FoundAs = 'no_scheme' | 'other_scheme' | 'basic' | 'wrapped'

/** The reason why no single credential could be read from a request; nothing was verified. */
export type PresentationFault =
  | { readonly reason: 'no_credential' | 'malformed_header'; readonly found?: FoundAs }
  | { readonly reason: 'two_credentials' }
  | { readonly reason: 'credential_in_url' }

/** Why a credential is not active any more, in the order of the checks. */
export type Ended = Extract<
  Refusal,
  { readonly reason: 'revoked' | 'rotated' | 'expired' | 'owner_suspended' | 'disabled' }
>
