import { type Static, type TSchema, Type } from 'typebox'
import { EnvironmentName, iso, Moment, nullable, OwnerId, oneOf, strictObject } from '../http/wire.ts'
import type { ChangedPolicy, PolicyChange, PolicyEffect } from './change-policy.ts'
import type { StoredPolicy } from './policy.store.ts'
import type { Policy } from './policy.ts'
import { fromRuleFields, RULE_FIELDS, RULE_NAMES, toRuleFields } from './policy-fields.ts'
import { POLICY_PRESETS, PRESET_NAMES } from './policy-preset.ts'
import {
  AllowedScopes,
  AllowlistRequired,
  DefaultLifetime,
  DisableUnusedAfter,
  KeysDisabledWire,
  MaxKeys,
  MaxLifetime,
  MaxOverlap,
  NeverAllowed,
  NoticeTiers,
  OwnerAllowedScopes,
  RotateEvery,
  RuleFields,
  toKeysDisabledWire,
} from './rule.wire.ts'

const holding = <T extends TSchema>(value: T) =>
  Type.Object({ value, from: oneOf(['owner', 'environment', 'configuration'], 'What sets the rule') })

export const EnvironmentPolicyWire = Type.Object(
  {
    environment: Type.String(),
    is_test: Type.Boolean({ description: 'Whether staff with the role `developer` may change its keys' }),
    rules: Type.Object({
      max_lifetime_seconds: holding(nullable(MaxLifetime)),
      default_lifetime_seconds: holding(nullable(DefaultLifetime)),
      never_expires_allowed: holding(NeverAllowed),
      max_overlap_seconds: holding(nullable(MaxOverlap)),
      max_keys: holding(MaxKeys),
      ip_allowlist_required: holding(AllowlistRequired),
      allowed_scopes: holding(nullable(AllowedScopes)),
      owner_allowed_scopes: holding(nullable(OwnerAllowedScopes)),
      rotate_every_days: holding(nullable(RotateEvery)),
      disable_unused_after_days: holding(nullable(DisableUnusedAfter)),
      notice_tiers: holding(nullable(NoticeTiers)),
    }),
    changed_at: nullable(Moment),
    changed_by: nullable(Type.String()),
    shortening: nullable(
      Type.Object(
        {
          to_seconds: Type.Integer(),
          not_before: nullable(Moment),
          started_at: Moment,
          secrets_shortened: Type.Integer(),
          secrets_ended: Type.Integer(),
          finished_at: nullable(Moment),
        },
        { description: 'How far the longest lifetime that was set last has reached existing secrets' },
      ),
    ),
    dating: nullable(
      Type.Object(
        {
          started_at: Moment,
          keys_dated: Type.Integer({ description: 'Keys whose date was set, moved or lifted' }),
          finished_at: nullable(Moment),
        },
        { description: 'How far a change of a rule that disables keys at a date has reached existing keys' },
      ),
    ),
  },
  { title: 'EnvironmentPolicy' },
)

export const EnvironmentPoliciesWire = Type.Object({
  data: Type.Array(EnvironmentPolicyWire, { description: 'One for each environment within reach' }),
  presets: Type.Array(Type.Object({ name: oneOf(PRESET_NAMES), rules: Type.Object(RuleFields) }), {
    description: 'Sets of rules to begin with',
  }),
})

export const PolicyParams = strictObject({ environment: EnvironmentName })

export const PolicyQuery = strictObject({
  owner_id: Type.Optional(
    Type.Unsafe<string>({ ...OwnerId, description: 'The rules as they hold for this owner' }),
  ),
})

export const PolicyChangeWire = strictObject({
  max_lifetime_seconds: Type.Optional(RuleFields.max_lifetime_seconds),
  default_lifetime_seconds: Type.Optional(RuleFields.default_lifetime_seconds),
  never_expires_allowed: Type.Optional(RuleFields.never_expires_allowed),
  max_overlap_seconds: Type.Optional(RuleFields.max_overlap_seconds),
  max_keys: Type.Optional(RuleFields.max_keys),
  ip_allowlist_required: Type.Optional(RuleFields.ip_allowlist_required),
  allowed_scopes: Type.Optional(RuleFields.allowed_scopes),
  owner_allowed_scopes: Type.Optional(RuleFields.owner_allowed_scopes),
  rotate_every_days: Type.Optional(RuleFields.rotate_every_days),
  disable_unused_after_days: Type.Optional(RuleFields.disable_unused_after_days),
  notice_tiers: Type.Optional(RuleFields.notice_tiers),
  dry_run: Type.Optional(
    Type.Boolean({ default: false, description: 'Change nothing; return what a change would do' }),
  ),
  apply_at_once: Type.Optional(
    Type.Boolean({
      default: false,
      description:
        'End existing secrets that are older than the longest lifetime at once, and not after the longest of `notice_tiers`; likewise disable keys whose rotation is long overdue, and keys without a required allow-list. Keys that are unused always have their 30 days',
    }),
  ),
})

export const ChangedPolicyWire = Type.Object({
  ...EnvironmentPolicyWire.properties,
  effect: nullable(
    Type.Object(
      {
        secrets_shortened: Type.Integer({ description: 'Secrets that would end earlier than now' }),
        secrets_ended: Type.Integer({ description: 'Further secrets that would end at once' }),
        counted_fully: Type.Boolean({ description: 'False: there are more' }),
        first: Type.Array(
          Type.Object({
            kind: oneOf(['key', 'client']),
            id: Type.String(),
            name: Type.String(),
            owner_id: nullable(Type.String()),
            hint: Type.String(),
            expires_at: nullable(Moment),
            ends_at: Moment,
            last_used_at: nullable(Moment),
          }),
          { description: 'Those that would end first; of these, those that were used last' },
        ),
        keys_disabled: KeysDisabledWire,
      },
      { description: 'What a change would do to existing secrets; only with `dry_run`' },
    ),
  ),
})

export function toEnvironmentPolicyWire(policy: Policy, stored: StoredPolicy | undefined, isTest: boolean) {
  const shortening = stored?.shortening ?? null
  const dating = stored?.dating ?? null
  return {
    environment: policy.environment,
    is_test: isTest,
    rules: Object.fromEntries(
      RULE_NAMES.map((name) => [RULE_FIELDS[name], { value: policy[name], from: policy.from[name] }]),
    ),
    changed_at: iso(stored?.changedAt ?? null),
    changed_by: stored?.changedBy ?? null,
    shortening: shortening && {
      to_seconds: shortening.maxLifetimeSeconds,
      not_before: iso(shortening.notBefore),
      started_at: iso(shortening.startedAt),
      secrets_shortened: shortening.shortened,
      secrets_ended: shortening.ended,
      finished_at: iso(shortening.finishedAt),
    },
    dating: dating && {
      started_at: iso(dating.startedAt),
      keys_dated: dating.keys,
      finished_at: iso(dating.finishedAt),
    },
  }
}

export function toPresetsWire() {
  return PRESET_NAMES.map((name) => ({ name, rules: toRuleFields(POLICY_PRESETS[name]) }))
}

export function toChangedPolicyWire(policy: Policy, { stored, effect }: ChangedPolicy, isTest: boolean) {
  return { ...toEnvironmentPolicyWire(policy, stored, isTest), effect: effect && toEffectWire(effect) }
}

function toEffectWire({ shortened, ended, isCountedFully, first, disabling }: PolicyEffect) {
  return {
    secrets_shortened: shortened,
    secrets_ended: ended,
    counted_fully: isCountedFully,
    first: first.map((secret) => ({
      kind: secret.kind,
      id: secret.id,
      name: secret.name,
      owner_id: secret.ownerId,
      hint: secret.hint,
      expires_at: iso(secret.expiresAt),
      ends_at: iso(secret.endsAt),
      last_used_at: iso(secret.lastUsedAt),
    })),
    keys_disabled: toKeysDisabledWire(disabling),
  }
}

export function fromPolicyChangeWire(body: Static<typeof PolicyChangeWire>): PolicyChange {
  const { dry_run: dryRun = false, apply_at_once: applyAtOnce = false, ...rules } = body
  return { rules: fromRuleFields(rules), dryRun, applyAtOnce }
}
