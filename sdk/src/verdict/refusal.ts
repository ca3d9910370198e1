import type { LimitState } from './limits.ts'

/**
 * Every way in which a credential can be refused, with the evidence. One closed union: add an arm, and the compiler
 * names each map that forgot it. What a stranger may hear of it is decided in `challenge.ts`; what the owner hears,
 * in `explain.ts`.
 */
export type Refusal =
  /** `isPadded`: there is a blank or a newline around it. */
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
      /** The limit that refuses, of several the one that does so the longest. */
      readonly limit: LimitState
    }

/** How a well-formed credential stood in a header, where none was presented. */
export type FoundAs = 'no_scheme' | 'other_scheme' | 'basic' | 'wrapped'

/** A request from which no single credential could be read; nothing was verified. */
export type PresentationFault =
  | { readonly reason: 'no_credential' | 'malformed_header'; readonly found?: FoundAs }
  | { readonly reason: 'two_credentials' }
  | { readonly reason: 'credential_in_url' }

/** Why a credential that was good is no longer, in the order in which it is asked. */
export type Ended = Extract<
  Refusal,
  { readonly reason: 'revoked' | 'rotated' | 'expired' | 'owner_suspended' | 'disabled' }
>
