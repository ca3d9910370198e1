import { addSeconds } from '../base/clock.ts'
import { no, type Result, yes } from '../base/result.ts'
import { type Problem, problem } from '../http/problem.ts'
import { type AskedLifetime, type ExpiryRefusal, expiryWithin } from './expiry.ts'
import type { Contradiction, Policy } from './policy.ts'
import { RULE_FIELDS } from './policy-fields.ts'
import { type PolicyRefusal, type Proposed, whyNotByPolicy } from './why-not-by-policy.ts'

/** {@link expiryWithin}, with a refusal as the management API states it. */
export function expiryOf(asked: AskedLifetime, policy: Policy, now: Date): Result<Date | null, Problem> {
  const expiry = expiryWithin(asked, policy, now)
  return expiry.ok ? expiry : no(problemOf(expiry.no, policy))
}

/** {@link whyNotByPolicy}, likewise. */
export function policyProblem(policy: Policy, proposed: Proposed): Problem | null {
  const why = whyNotByPolicy(policy, proposed)
  return why === null ? null : problemOf(why, policy)
}

/** The overlap of a rotation that begins now: as asked, or the usual one within the policy. */
export function overlapOf(
  askedSeconds: number | undefined,
  usualSeconds: number,
  policy: Policy,
  now: Date,
): Result<number, Problem> {
  if (askedSeconds === undefined) return yes(Math.min(usualSeconds, policy.maxOverlapSeconds ?? usualSeconds))
  const endsAt = addSeconds(now, askedSeconds)
  const fault = policyProblem(policy, { overlap: { startedAt: now, endsAt } })
  return fault === null ? yes(askedSeconds) : no(fault)
}

/** Names the rule, where it comes from, and what would be accepted. */
function problemOf(why: ExpiryRefusal, policy: Policy): Problem {
  switch (why.code) {
    case 'two_ends':
      return problem('invalid_request', 'Give `expires_at` or `lifetime_seconds`, not both.')
    case 'expiry_in_past':
      return problem(why.code, `It is ${why.now.toISOString()} here. Choose a later moment.`)
    default:
      return problem(why.code, detailOf(why, policy))
  }
}

function detailOf(why: PolicyRefusal, policy: Policy): string {
  switch (why.code) {
    case 'lifetime_too_long':
      return `${says('maxLifetimeSeconds', policy)} allows ${why.maxLifetimeSeconds} seconds: choose an end until ${why.latest.toISOString()}.`
    case 'never_expires_not_allowed':
      return `${says('neverExpiresAllowed', policy)} asks for an end: give \`expires_at\` or \`lifetime_seconds\`.`
    case 'overlap_too_long':
      return `${says('maxOverlapSeconds', policy)} allows ${why.maxOverlapSeconds} seconds, until ${why.latest.toISOString()}: give a shorter \`overlap_seconds\`.`
    case 'ip_allowlist_required':
      return `${says('ipAllowlistRequired', policy)} asks for an \`ip_allowlist\`: name the addresses from which the key is used.`
    case 'scope_not_allowed':
      return `${says(why.rule, policy)} does not have ${named(why.scopes)}: leave out what it does not have, or choose of ${named(policy[why.rule] ?? [])}.`
    case 'too_many_keys':
      return `${says('maxKeys', policy)} allows ${why.most}. Revoke unused ones.`
  }
}

/** The fix of rules that contradict each other. */
export const CONTRADICTIONS: Readonly<Record<Contradiction, string>> = {
  default_longer_than_longest:
    '`default_lifetime_seconds` is longer than `max_lifetime_seconds`. Make it at most as long.',
  no_end_for_new_secrets:
    'Without `never_expires_allowed`, set `max_lifetime_seconds` or `default_lifetime_seconds`: secrets for which no end is named need one.',
}

function says(rule: keyof typeof RULE_FIELDS, { environment, from }: Policy): string {
  const of = {
    owner: `The owner's own policy`,
    environment: `The policy of \`${environment}\``,
    configuration: `The configured policy, in \`${environment}\`,`,
  }
  return `${of[from[rule]]} (\`${RULE_FIELDS[rule]}\`)`
}

/** Most names of one detail. */
const MAX_NAMED = 20

function named(scopes: readonly string[]): string {
  const more = scopes.length - MAX_NAMED
  const shown = scopes.slice(0, MAX_NAMED).map((scope) => `\`${scope}\``)
  if (more > 0) shown.push(`${more} more`)
  return shown.length === 0 ? 'none' : shown.join(', ')
}
