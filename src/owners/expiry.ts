import { addSeconds } from '../base/clock.ts'
import { no, type Result, yes } from '../base/result.ts'
import type { Policy } from './policy.ts'
import { type PolicyRefusal, whyNotByPolicy } from './why-not-by-policy.ts'

/** The requested end of a secret: a moment, or some seconds from now. */
export interface AskedLifetime {
  readonly expiresAt?: Date | null | undefined
  readonly lifetimeSeconds?: number | undefined
}

/** Why the requested end is refused. */
export type ExpiryRefusal =
  | { readonly code: 'two_ends' }
  | { readonly code: 'expiry_in_past'; readonly now: Date }
  | PolicyRefusal

/** The end of a secret created now, within the policy; without a request, by the default lifetime or the longest. */
export function expiryWithin(
  { expiresAt, lifetimeSeconds }: AskedLifetime,
  policy: Policy,
  now: Date,
): Result<Date | null, ExpiryRefusal> {
  if (expiresAt != null && lifetimeSeconds !== undefined) return no({ code: 'two_ends' })
  const wanted = lifetimeSeconds === undefined ? expiresAt : addSeconds(now, lifetimeSeconds)
  if (wanted !== null && wanted !== undefined && wanted <= now) return no({ code: 'expiry_in_past', now })
  const end = wanted === undefined ? usualEnd(policy, now) : wanted
  const why = whyNotByPolicy(policy, { end: { at: end, madeAt: now } })
  return why === null ? yes(end) : no(why)
}

/** The end by the default lifetime; an owner's own longest may be shorter. Without a default, by the longest. */
function usualEnd(
  { maxLifetimeSeconds: longest, defaultLifetimeSeconds: usual }: Policy,
  now: Date,
): Date | null {
  const seconds = usual === null || longest === null ? (usual ?? longest) : Math.min(usual, longest)
  return seconds === null ? null : addSeconds(now, seconds)
}

/**
 * The end nearest to the wanted one that the policy allows, for a secret that follows another: as long as the policy
 * lets any secret live, if that was longer.
 */
export function nearestEnd(wanted: Date | null, policy: Policy, now: Date): Date | null {
  if (whyNotByPolicy(policy, { end: { at: wanted, madeAt: now } }) === null) return wanted
  // One of the two is there: see contradictionIn.
  const seconds = policy.maxLifetimeSeconds ?? policy.defaultLifetimeSeconds
  return seconds === null ? null : addSeconds(now, seconds)
}
