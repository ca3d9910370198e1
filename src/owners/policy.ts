import { addSeconds } from '../base/clock.ts'
import { no, type Result, yes } from '../base/result.ts'

/** What the operator allows an owner: as the configuration has it for all, or with what replaces it for one. */
export interface Policy {
  /** The environments that keys can be made for. */
  readonly environments: readonly string[]
  /** The longest a secret may live, counted from when it is made; null: for ever is allowed. */
  readonly maxLifetimeSeconds: number | null
  /** Keys of one owner that are neither revoked nor expired. */
  readonly maxKeysPerOwner: number
}

/** What the operator set for one owner; null: as the configuration has it. */
export interface OwnPolicy {
  /** From 60. */
  readonly maxLifetimeSeconds: number | null
  /** 0: the owner can have no keys. */
  readonly maxKeys: number | null
}

/** The same as somebody chose it; what is undefined was not chosen. */
export type ChosenPolicy = { readonly [Part in keyof OwnPolicy]?: OwnPolicy[Part] | undefined }

/** The policy that holds for an owner: its own replaces the configuration's, be it stricter or looser. */
export function withOwn(policy: Policy, { maxLifetimeSeconds, maxKeys }: OwnPolicy): Policy {
  return {
    ...policy,
    maxLifetimeSeconds: maxLifetimeSeconds ?? policy.maxLifetimeSeconds,
    maxKeysPerOwner: maxKeys ?? policy.maxKeysPerOwner,
  }
}

/** When a secret should end: at a moment, after some seconds, or as the policy has it. */
export interface AskedLifetime {
  readonly expiresAt?: Date | null | undefined
  readonly lifetimeSeconds?: number | undefined
}

/** Why a secret cannot end when the caller asked for it to end. */
export type ExpiryRefusal =
  | { readonly code: 'two_ends' }
  | { readonly code: 'expiry_in_past'; readonly now: Date }
  | { readonly code: 'lifetime_too_long'; readonly maxLifetimeSeconds: number; readonly latest: Date }

/** The moment at which a secret made now ends, within the policy; asked for nothing, the longest that is allowed. */
export function expiryWithin(
  { expiresAt, lifetimeSeconds }: AskedLifetime,
  { maxLifetimeSeconds }: Policy,
  now: Date,
): Result<Date | null, ExpiryRefusal> {
  if (expiresAt != null && lifetimeSeconds !== undefined) return no({ code: 'two_ends' })
  const latest = maxLifetimeSeconds === null ? null : addSeconds(now, maxLifetimeSeconds)
  const wanted = lifetimeSeconds === undefined ? expiresAt : addSeconds(now, lifetimeSeconds)
  if (wanted === undefined) return yes(latest)
  if (wanted !== null && wanted <= now) return no({ code: 'expiry_in_past', now })
  if (maxLifetimeSeconds !== null && latest !== null && (wanted === null || wanted > latest))
    return no({ code: 'lifetime_too_long', maxLifetimeSeconds, latest })
  return yes(wanted)
}
