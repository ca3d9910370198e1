import { type Static, type TSchema, Type } from 'typebox'
import { EnvironmentName, iso, Moment, nullable, OwnerId, oneOf, strictObject } from '../http/wire.ts'
import type { ChangedPolicy, PolicyChange, PolicyEffect } from './change-policy.ts'
import { DISABLING_RULES } from './disabling.ts'
import type { StoredPolicy } from './policy.store.ts'
import type { Policy } from './policy.ts'
import { fromRuleFields, RULE_FIELDS, RULE_NAMES, toRuleFields } from './policy-fields.ts'
import { POLICY_PRESETS, PRESET_NAMES } from './policy-preset.ts'

const MaxLifetime = Type.Integer({
  minimum: 60,
  maximum: 3_155_760_000,
  description: 'Longest lifetime of a secret, from when it was made. null: as configured',
})
const DefaultLifetime = Type.Integer({
  minimum: 60,
  maximum: 3_155_760_000,
  description: 'Lifetime of a secret for which no end is named. null: the longest',
})
const NeverAllowed = Type.Boolean({ description: 'False: each new secret has an end' })
const MaxOverlap = Type.Integer({
  minimum: 3600,
  maximum: 7_776_000,
  description: 'Longest time in which both secrets of a rotation work. null: 90 days',
})
const MaxKeys = Type.Integer({
  minimum: 0,
  maximum: 1_000_000,
  description:
    'Keys of one owner in this environment that are neither revoked nor expired. null: as configured, in all environments together',
})
const AllowlistRequired = Type.Boolean({
  description: 'True: each new key has an `ip_allowlist`, and existing ones without are disabled at a date',
})
const AllowedScopes = Type.Array(Type.String({ maxLength: 200 }), {
  uniqueItems: true,
  maxItems: 200,
  description: 'The only scopes that keys can be given. null: all',
})
const NoticeTiers = Type.Array(Type.Integer({ minimum: 1, maximum: 365 }), {
  maxItems: 10,
  description:
    'Days before the end of a secret at which a notice is sent; none before the middle of its life. null: 30, 7 and 1',
})

const OwnerAllowedScopes = Type.Array(Type.String({ maxLength: 200 }), {
  uniqueItems: true,
  maxItems: 200,
  description:
    'Of the allowed scopes, the only ones that callers bound to one owner can give to keys. null: all of these',
})
const RotateEvery = Type.Integer({
  minimum: 1,
  maximum: 3650,
  description:
    'Days after which the rotation of a key is due. 30 days later the key is disabled, unless it was rotated. null: never',
})
const DisableUnusedAfter = Type.Integer({
  minimum: 1,
  maximum: 3650,
  description:
    'Days without use after which a key is given a date, 30 days ahead. It is disabled then, unless it was used. null: never',
})

/** Rules of an environment. */
const RuleFields = {
  max_lifetime_seconds: nullable(MaxLifetime),
  default_lifetime_seconds: nullable(DefaultLifetime),
  never_expires_allowed: NeverAllowed,
  max_overlap_seconds: nullable(MaxOverlap),
  max_keys: nullable(MaxKeys),
  ip_allowlist_required: AllowlistRequired,
  allowed_scopes: nullable(AllowedScopes),
  owner_allowed_scopes: nullable(OwnerAllowedScopes),
  rotate_every_days: nullable(RotateEvery),
  disable_unused_after_days: nullable(DisableUnusedAfter),
  notice_tiers: nullable(NoticeTiers),
}

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
        'End existing secrets that are older than the longest lifetime at once, and not 30 days from now; likewise disable keys whose rotation is long overdue, and keys without a required allow-list. Keys that are unused always have their 30 days',
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
        keys_disabled: Type.Array(
          Type.Object({
            rule: oneOf(DISABLING_RULES),
            keys: Type.Integer({ description: 'Keys that it would disable, unless they comply by then' }),
            at_once: Type.Integer({ description: 'Of these, keys that would be disabled at once' }),
            counted_fully: Type.Boolean({ description: 'False: there are more' }),
            first: Type.Array(
              Type.Object({
                id: Type.String(),
                name: Type.String(),
                owner_id: Type.String(),
                hint: Type.String(),
                disables_at: Moment,
                last_used_at: nullable(Moment),
              }),
              { description: 'Those that would be disabled first' },
            ),
          }),
          { description: 'One for each rule of the request that disables keys at a date' },
        ),
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
    keys_disabled: disabling.map((foreseen) => ({
      rule: foreseen.rule,
      keys: foreseen.keys,
      at_once: foreseen.atOnce,
      counted_fully: foreseen.isCountedFully,
      first: foreseen.first.map((key) => ({
        id: key.id,
        name: key.name,
        owner_id: key.ownerId,
        hint: key.hint,
        disables_at: iso(key.disablesAt),
        last_used_at: iso(key.lastUsedAt),
      })),
    })),
  }
}

export function fromPolicyChangeWire(body: Static<typeof PolicyChangeWire>): PolicyChange {
  const { dry_run: dryRun = false, apply_at_once: applyAtOnce = false, ...rules } = body
  return { rules: fromRuleFields(rules), dryRun, applyAtOnce }
}
