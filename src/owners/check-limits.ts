import { type Quota, type RateLimit, whyNotRateLimits } from '@doorward/sdk/kernel'
import { type Problem, problem } from '../http/problem.ts'
import type { Caller } from '../management/caller.ts'
import type { ChosenPolicy } from './policy.ts'

/** Limits as somebody chose them; what is undefined was not chosen. */
export interface ChosenLimits {
  readonly rateLimits?: readonly RateLimit[] | undefined
  readonly quota?: Quota | null | undefined
}

/**
 * What no schema says: that names are unique, and that limits are what the API's provider allows an owner. Who acts for
 * the owner could lift them.
 */
export function whyNotLimits({ rateLimits, quota }: ChosenLimits, { reach }: Caller): Problem | null {
  if (reach !== 'every_owner' && (rateLimits !== undefined || quota !== undefined))
    return problem(
      'limits_not_permitted',
      'Leave out `rate_limits` and `quota`: the provider of the API sets them.',
    )
  const why = rateLimits === undefined ? null : whyNotRateLimits(rateLimits)
  return why === null ? null : problem('invalid_request', `\`rate_limits\`: ${why}.`)
}

/** The policy of an owner is what the API's provider allows it, as its limits are. */
export function whyNotPolicy(
  { maxLifetimeSeconds, maxKeys }: ChosenPolicy,
  { reach }: Caller,
): Problem | null {
  return reach === 'every_owner' || (maxLifetimeSeconds === undefined && maxKeys === undefined)
    ? null
    : problem(
        'limits_not_permitted',
        'Leave out `max_lifetime_seconds` and `max_keys`: the provider of the API sets them.',
      )
}
