import { type TSchema, Type } from 'typebox'
import { iso, Moment, nullable, oneOf } from '../http/wire.ts'
import { DISABLING_RULES } from './disabling.ts'
import type { DisablingForeseen } from './disabling-effect.store.ts'

export const MaxLifetime = Type.Integer({
  minimum: 60,
  maximum: 3_155_760_000,
  description: 'Longest lifetime of a secret, from when it was made. null: as configured',
})
export const DefaultLifetime = Type.Integer({
  minimum: 60,
  maximum: 3_155_760_000,
  description: 'Lifetime of a secret for which no end is named. null: the longest',
})
export const NeverAllowed = Type.Boolean({ description: 'False: each new secret has an end' })
export const MaxOverlap = Type.Integer({
  minimum: 3600,
  maximum: 7_776_000,
  description: 'Longest time in which both secrets of a rotation work. null: 90 days',
})
export const MaxKeys = Type.Integer({
  minimum: 0,
  maximum: 1_000_000,
  description:
    'Keys of one owner in this environment that are neither revoked nor expired. null: as configured, in all environments together',
})
export const AllowlistRequired = Type.Boolean({
  description: 'True: each new key has an `ip_allowlist`, and existing ones without are disabled at a date',
})
export const AllowedScopes = Type.Array(Type.String({ maxLength: 200 }), {
  uniqueItems: true,
  maxItems: 200,
  description: 'The only scopes that keys can be given. null: all',
})
export const NoticeTiers = Type.Array(Type.Integer({ minimum: 1, maximum: 365 }), {
  maxItems: 10,
  description:
    'Days before the end of a secret at which a notice is sent; none before the middle of its life. null: 30, 7 and 1',
})

export const OwnerAllowedScopes = Type.Array(Type.String({ maxLength: 200 }), {
  uniqueItems: true,
  maxItems: 200,
  description:
    'Of the allowed scopes, the only ones that callers bound to one owner can give to keys. null: all of these',
})
export const RotateEvery = Type.Integer({
  minimum: 1,
  maximum: 3650,
  description:
    'Days after which the rotation of a key is due. 30 days later the key is disabled, unless it was rotated. null: never',
})
export const DisableUnusedAfter = Type.Integer({
  minimum: 1,
  maximum: 3650,
  description:
    'Days without use after which a key is given a date, 30 days ahead. It is disabled then, unless it was used. null: never',
})

/** Rules of an environment. */
export const RuleFields = {
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

/** An owner's own rules, under the same names. */
export const OwnRuleFields = {
  max_lifetime_seconds: own(MaxLifetime, 'Longest lifetime of a secret, from when it was made'),
  default_lifetime_seconds: own(DefaultLifetime, 'Lifetime of a secret for which no end is named'),
  never_expires_allowed: own(NeverAllowed, 'False: each new secret has an end'),
  max_overlap_seconds: own(MaxOverlap, 'Longest time in which both secrets of a rotation work'),
  max_keys: own(MaxKeys, 'Keys of the owner that are neither revoked nor expired'),
  ip_allowlist_required: own(
    AllowlistRequired,
    'True: each new key has an `ip_allowlist`, and existing ones without are disabled at a date',
  ),
  allowed_scopes: own(AllowedScopes, 'The only scopes that keys can be given'),
  owner_allowed_scopes: own(
    OwnerAllowedScopes,
    'Of the allowed scopes, the only ones that callers bound to the owner can give to keys',
  ),
  rotate_every_days: own(RotateEvery, 'Days after which the rotation of a key is due'),
  disable_unused_after_days: own(DisableUnusedAfter, 'Days without use after which a key is given a date'),
  notice_tiers: own(NoticeTiers, 'Days before an end at which a notice is sent'),
}

function own<T extends TSchema>(schema: T, words: string) {
  return nullable({ ...schema, description: `${words}. null: as the environment's policy says` })
}

export const KeysDisabledWire = Type.Array(
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
)

export function toKeysDisabledWire(foreseen: readonly DisablingForeseen[]) {
  return foreseen.map(({ rule, keys, atOnce, isCountedFully, first }) => ({
    rule,
    keys,
    at_once: atOnce,
    counted_fully: isCountedFully,
    first: first.map((key) => ({
      id: key.id,
      name: key.name,
      owner_id: key.ownerId,
      hint: key.hint,
      disables_at: iso(key.disablesAt),
      last_used_at: iso(key.lastUsedAt),
    })),
  }))
}
