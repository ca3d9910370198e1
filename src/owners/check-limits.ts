import { type Quota, type RateLimit, whyNotRateLimits } from '@doorward/sdk/kernel'
import { type Problem, problem } from '../http/problem.ts'
import { type Caller, ownerOf } from '../management/caller.ts'
import type { ChosenPolicy } from './policy.ts'
import { toOwnRuleFields } from './policy-fields.ts'

/** Limits in a request; undefined ones stay as they are. */
export interface ChosenLimits {
  readonly rateLimits?: readonly RateLimit[] | undefined
  readonly quota?: Quota | null | undefined
}

/**
 * Refuses what a schema cannot: names that are not unique, and limits set by an admin key of the owner. The API provider
 * sets them, or the owner could lift its own.
 */
export function whyNotLimits({ rateLimits, quota }: ChosenLimits, { reach }: Caller): Problem | null {
  if (ownerOf(reach) !== null && (rateLimits !== undefined || quota !== undefined))
    return problem(
      'limits_not_permitted',
      'Leave out `rate_limits` and `quota`: the provider of the API sets them.',
    )
  const why = rateLimits === undefined ? null : whyNotRateLimits(rateLimits)
  return why === null ? null : problem('invalid_request', `\`rate_limits\`: ${why}.`)
}

/** Refuses a policy set by an admin key of the owner: the API provider sets it, as it does the limits. */
export function whyNotPolicy(chosen: ChosenPolicy, { reach }: Caller): Problem | null {
  const named = Object.keys(toOwnRuleFields(chosen))
  return ownerOf(reach) === null || named.length === 0
    ? null
    : problem(
        'limits_not_permitted',
        `Leave out ${named.map((name) => `\`${name}\``).join(', ')}: the provider of the API sets the policy.`,
      )
}
