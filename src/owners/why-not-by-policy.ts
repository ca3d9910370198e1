import { addSeconds } from '../base/clock.ts'
import type { Policy } from './policy.ts'

/** The part of a request that a policy has rules for. What is missing is not touched by the request. */
export interface Proposed {
  /** A new end of a secret; null: it never expires. */
  readonly end?: { readonly at: Date | null; readonly madeAt: Date }
  /** A new allow-list of a key; null: it works from anywhere. */
  readonly ipAllowlist?: readonly string[] | null | undefined
  /** Scopes that a key did not have. */
  readonly addedScopes?: readonly string[]
  /** The caller acts for one owner only. */
  readonly isByOwner?: boolean
  /** The time in which both secrets of a rotation work. */
  readonly overlap?: { readonly startedAt: Date; readonly endsAt: Date }
  /** Keys that count against the limit when one more is to be made. */
  readonly keysBefore?: number
}

/** Why a policy refuses it, with the evidence. */
export type PolicyRefusal =
  | { readonly code: 'never_expires_not_allowed' }
  | { readonly code: 'lifetime_too_long'; readonly maxLifetimeSeconds: number; readonly latest: Date }
  | { readonly code: 'overlap_too_long'; readonly maxOverlapSeconds: number; readonly latest: Date }
  | { readonly code: 'ip_allowlist_required' }
  | {
      readonly code: 'scope_not_allowed'
      readonly rule: 'allowedScopes' | 'ownerAllowedScopes'
      readonly scopes: readonly string[]
    }
  | { readonly code: 'too_many_keys'; readonly most: number }

/** The one place that compares what is made or changed with the rules of a policy. */
export function whyNotByPolicy(policy: Policy, proposed: Proposed): PolicyRefusal | null {
  return (
    whyNotEnd(policy, proposed) ??
    whyNotOverlap(policy, proposed) ??
    whyNotChosen(policy, proposed) ??
    whyNotOneMore(policy, proposed)
  )
}

function whyNotEnd(
  { maxLifetimeSeconds, neverExpiresAllowed }: Policy,
  { end }: Proposed,
): PolicyRefusal | null {
  if (end === undefined) return null
  if (maxLifetimeSeconds !== null) {
    const latest = addSeconds(end.madeAt, maxLifetimeSeconds)
    if (end.at !== null && end.at <= latest) return null
    return { code: 'lifetime_too_long', maxLifetimeSeconds, latest }
  }
  return end.at === null && !neverExpiresAllowed ? { code: 'never_expires_not_allowed' } : null
}

function whyNotOverlap({ maxOverlapSeconds }: Policy, { overlap }: Proposed): PolicyRefusal | null {
  if (overlap === undefined || maxOverlapSeconds === null) return null
  const latest = addSeconds(overlap.startedAt, maxOverlapSeconds)
  if (overlap.endsAt <= latest) return null
  return { code: 'overlap_too_long', maxOverlapSeconds, latest }
}

function whyNotChosen(
  policy: Policy,
  { ipAllowlist, addedScopes = [], isByOwner = false }: Proposed,
): PolicyRefusal | null {
  if (policy.ipAllowlistRequired && ipAllowlist === null) return { code: 'ip_allowlist_required' }
  for (const rule of isByOwner
    ? (['allowedScopes', 'ownerAllowedScopes'] as const)
    : (['allowedScopes'] as const)) {
    const allowed = policy[rule]
    const scopes = allowed === null ? [] : addedScopes.filter((scope) => !allowed.includes(scope))
    if (scopes.length > 0) return { code: 'scope_not_allowed', rule, scopes }
  }
  return null
}

function whyNotOneMore({ maxKeys }: Policy, { keysBefore }: Proposed): PolicyRefusal | null {
  return keysBefore === undefined || keysBefore < maxKeys ? null : { code: 'too_many_keys', most: maxKeys }
}
