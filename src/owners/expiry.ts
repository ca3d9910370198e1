import { no, type Result } from '../base/result.ts'
import { type Problem, problem } from '../http/problem.ts'
import { type AskedLifetime, type ExpiryRefusal, expiryWithin, type Policy } from './policy.ts'

/** {@link expiryWithin}, with a refusal as the management API states it. */
export function expiryOf(asked: AskedLifetime, policy: Policy, now: Date): Result<Date | null, Problem> {
  const expiry = expiryWithin(asked, policy, now)
  return expiry.ok ? expiry : no(problemOf(expiry.no))
}

function problemOf(why: ExpiryRefusal): Problem {
  switch (why.code) {
    case 'two_ends':
      return problem('invalid_request', 'Give `expires_at` or `lifetime_seconds`, not both.')
    case 'expiry_in_past':
      return problem(why.code, `It is ${why.now.toISOString()} here. Choose a later moment.`)
    case 'lifetime_too_long':
      return problem(
        why.code,
        `The policy allows ${why.maxLifetimeSeconds} seconds, until ${why.latest.toISOString()} from now.`,
      )
  }
}
