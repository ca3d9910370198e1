import type { ChosenPolicy, OwnPolicy, PolicyRules, RuleName } from './policy.ts'

/** Names of the rules on the wire, in the table and in the audit log. */
export const RULE_FIELDS = {
  maxLifetimeSeconds: 'max_lifetime_seconds',
  defaultLifetimeSeconds: 'default_lifetime_seconds',
  neverExpiresAllowed: 'never_expires_allowed',
  maxOverlapSeconds: 'max_overlap_seconds',
  maxKeys: 'max_keys',
  ipAllowlistRequired: 'ip_allowlist_required',
  allowedScopes: 'allowed_scopes',
  ownerAllowedScopes: 'owner_allowed_scopes',
  rotateEveryDays: 'rotate_every_days',
  disableUnusedAfterDays: 'disable_unused_after_days',
  noticeTiers: 'notice_tiers',
} as const satisfies Record<RuleName, string>

export const RULE_NAMES = Object.keys(RULE_FIELDS) as readonly RuleName[]

/** Some rules under their names on the wire. */
export type RuleFields = { [Name in RuleName as (typeof RULE_FIELDS)[Name]]: PolicyRules[Name] }

export function toRuleFields(rules: PolicyRules): RuleFields {
  return Object.fromEntries(RULE_NAMES.map((name) => [RULE_FIELDS[name], rules[name]])) as RuleFields
}

/** Rules of a request or a row; those that it does not name are missing. */
export function fromRuleFields(fields: Partial<RuleFields>): Partial<PolicyRules> {
  return Object.fromEntries(
    RULE_NAMES.flatMap((name) => {
      const value = fields[RULE_FIELDS[name]]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

/** An owner's own rules under their names on the wire; null: the environment's rule applies. */
export type OwnRuleFields = { [Name in keyof RuleFields]: RuleFields[Name] | null }

/** Only the chosen ones. */
export function toOwnRuleFields(chosen: ChosenPolicy): Partial<OwnRuleFields> {
  return Object.fromEntries(
    RULE_NAMES.flatMap((name) => (chosen[name] === undefined ? [] : [[RULE_FIELDS[name], chosen[name]]])),
  )
}

/** Those that a request names. */
export function chosenOf(
  fields: { readonly [Name in keyof OwnRuleFields]?: OwnRuleFields[Name] },
): ChosenPolicy {
  return Object.fromEntries(RULE_NAMES.map((name) => [name, fields[RULE_FIELDS[name]]]))
}

export function fromOwnRuleFields(fields: OwnRuleFields): OwnPolicy {
  return Object.fromEntries(
    RULE_NAMES.map((name) => [name, fields[RULE_FIELDS[name]]]),
  ) as unknown as OwnPolicy
}
