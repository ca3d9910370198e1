import { addSeconds } from '../base/clock.ts'
import { no, type Result, yes } from '../base/result.ts'

/** Bounds of an owner's keys: the configuration's for all owners, or with one owner's own replacements. */
export interface Policy {
  /** The environments that keys can be made for. */
  readonly environments: readonly string[]
  /** Longest lifetime of a secret, from its creation; null: secrets may have no expiry. */
  readonly maxLifetimeSeconds: number | null
  /** Keys of one owner that are neither revoked nor expired. */
  readonly maxKeysPerOwner: number
}

/** The operator's replacements for one owner; null: the configuration applies. */
export interface OwnPolicy {
  /** From 60. */
  readonly maxLifetimeSeconds: number | null
  /** 0: the owner can have no keys. */
  readonly maxKeys: number | null
}

/** Replacements in a request; undefined ones stay as they are. */
export type ChosenPolicy = { readonly [Part in keyof OwnPolicy]?: OwnPolicy[Part] | undefined }

/** The policy of an owner: its own values replace the configuration's, stricter or looser. */
export function withOwn(policy: Policy, { maxLifetimeSeconds, maxKeys }: OwnPolicy): Policy {
  return {
    ...policy,
    maxLifetimeSeconds: maxLifetimeSeconds ?? policy.maxLifetimeSeconds,
    maxKeysPerOwner: maxKeys ?? policy.maxKeysPerOwner,
  }
}

/** The requested end of a secret: a moment, some seconds from now, or the policy's longest lifetime. */
export interface AskedLifetime {
  readonly expiresAt?: Date | null | undefined
  readonly lifetimeSeconds?: number | undefined
}

/** Why the requested end is refused. */
export type ExpiryRefusal =
  | { readonly code: 'two_ends' }
  | { readonly code: 'expiry_in_past'; readonly now: Date }
  | { readonly code: 'lifetime_too_long'; readonly maxLifetimeSeconds: number; readonly latest: Date }

/** The end of a secret created now, within the policy; without a request, the latest that is allowed. */
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
