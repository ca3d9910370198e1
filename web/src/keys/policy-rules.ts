import type { EnvironmentPolicy } from '../settings/policy.queries.ts'
import type { KeyDraft } from './key-draft.ts'

/** The rules of a policy, as far as the form of a new key follows them. The API has the last word. */
export interface PolicyRules {
  readonly longestSeconds: number | null
  /** Lifetime where none is named; null: none, or the longest. */
  readonly usualSeconds: number | null
  readonly neverAllowed: boolean
  readonly needsAllowList: boolean
  readonly allowedScopes: readonly string[] | null
}

const NO_RULES: PolicyRules = {
  longestSeconds: null,
  usualSeconds: null,
  neverAllowed: true,
  needsAllowList: false,
  allowedScopes: null,
}

/** The rules of an environment; none while they are not known. */
export function rulesFor(policies: readonly EnvironmentPolicy[], environment: string): PolicyRules {
  const rules = policies.find((policy) => policy.environment === environment)?.rules
  if (rules === undefined) return NO_RULES
  const longestSeconds = rules.max_lifetime_seconds.value
  return {
    longestSeconds,
    usualSeconds: rules.default_lifetime_seconds.value,
    neverAllowed: rules.never_expires_allowed.value && longestSeconds === null,
    needsAllowList: rules.ip_allowlist_required.value,
    allowedScopes: rules.allowed_scopes.value,
  }
}

/** Seconds, or `at`, `longest`, `never`: as the form has it. */
export function allowsLifetime({ longestSeconds, neverAllowed }: PolicyRules, lifetime: string): boolean {
  if (lifetime === 'never') return neverAllowed
  return longestSeconds === null || !/^\d+$/.test(lifetime) || Number(lifetime) <= longestSeconds
}

export function allowsScope({ allowedScopes }: PolicyRules, name: string): boolean {
  return allowedScopes === null || allowedScopes.includes(name)
}

/** The draft without what the policy refuses: what was chosen in another environment comes back with it. */
export function withinPolicy(draft: KeyDraft, rules: PolicyRules): KeyDraft {
  return {
    ...draft,
    lifetime: allowsLifetime(rules, draft.lifetime) ? draft.lifetime : 'longest',
    scopes: draft.scopes.filter((name) => allowsScope(rules, name)),
  }
}
