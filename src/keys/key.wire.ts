import { limitsToWire, type Secret } from '@doorward/sdk/kernel'
import { type Static, Type } from 'typebox'
import {
  anyObject,
  EnvironmentName,
  iso,
  Moment,
  type MomentText,
  nullable,
  OwnerId,
  oneOf,
  plainText,
  strictObject,
  toMoment,
} from '../http/wire.ts'
import { autoRotationAt, isAutoRotationOverdue } from '../owners/auto-rotation.ts'
import { DISABLING_RULES, rotationDueAt } from '../owners/disabling.ts'
import { AskedLimitFields, fromLimitFields, LimitFields } from '../owners/limits.wire.ts'
import { currentSecret } from '../secrets/secret.ts'
import {
  OverlapSeconds,
  RotationWire,
  SecretWire,
  toRotationWire,
  toSecretWire,
} from '../secrets/secret.wire.ts'
import type { KeyUpdate } from './change-key.ts'
import type { NewKey } from './create-key.ts'
import { asDisabledBy, disablingOf, KEY_STATES, type Key, lastUse, stateOf } from './key.ts'

/** Any text: the catalogue decides which scopes exist, and refuses a misspelt one with the nearest known name. */
const ScopeList = Type.Array(Type.String({ maxLength: 200 }), {
  uniqueItems: true,
  maxItems: 200,
  description: 'Scopes of the catalogue. Empty means none.',
})
const IpAllowlist = nullable(
  Type.Array(Type.String({ maxLength: 60 }), {
    minItems: 1,
    maxItems: 200,
    uniqueItems: true,
    description: 'Addresses and CIDR blocks from which the key works. null: from anywhere.',
  }),
)
const Metadata = anyObject(
  'Your own data, returned to your API with each verification. At most 4096 bytes of JSON. A change replaces all of it. ' +
    'Send ids and other long numbers as text. Do not store secrets in it.',
)
const SelfRotation = Type.Boolean({
  description:
    'Whether the key may rotate itself with its own secret: see `POST /v1/self/rotate`. Default false.',
})
const AutoRotateAfter = nullable(
  Type.Integer({
    minimum: 1,
    maximum: 3650,
    description:
      'Days after which the key’s own program rotates it, by the SDK’s autopilot, and gives the new secret a life as long as the old one’s. Needs `self_rotation`. null: it does not',
  }),
)
const Name = plainText(100, 'For people; does not have to be unique')
const Note = nullable(plainText(500, 'For people: where the secret is kept, whom to ask'))
const Lifetime = Type.Integer({
  minimum: 1,
  maximum: 3_155_760_000,
  description: 'Seconds from now, instead of `expires_at`',
})
export const State = oneOf(KEY_STATES)

export const NewKeyWire = strictObject({
  owner_id: OwnerId,
  name: Name,
  environment: EnvironmentName,
  scopes: ScopeList,
  expires_at: Type.Optional(nullable(Moment)),
  lifetime_seconds: Type.Optional(Lifetime),
  ip_allowlist: Type.Optional(IpAllowlist),
  metadata: Type.Optional(Metadata),
  self_rotation: Type.Optional(SelfRotation),
  auto_rotate_after_days: Type.Optional(AutoRotateAfter),
  note: Type.Optional(Note),
  ...AskedLimitFields,
})

export const KeyChangeWire = strictObject({
  name: Type.Optional(Name),
  scopes: Type.Optional(ScopeList),
  ip_allowlist: Type.Optional(IpAllowlist),
  metadata: Type.Optional(Metadata),
  self_rotation: Type.Optional(SelfRotation),
  auto_rotate_after_days: Type.Optional(AutoRotateAfter),
  note: Type.Optional(Note),
  expires_at: Type.Optional(nullable(Moment)),
  ...AskedLimitFields,
})

export const RotateKeyWire = strictObject({
  overlap_seconds: Type.Optional(OverlapSeconds),
  expires_at: Type.Optional(nullable(Moment)),
  lifetime_seconds: Type.Optional(Lifetime),
})

export const KeyWire = Type.Object(
  {
    id: Type.String(),
    hint: Type.String(),
    owner_id: Type.String(),
    name: Type.String(),
    environment: Type.String(),
    scopes: Type.Array(Type.String()),
    state: State,
    ip_allowlist: nullable(Type.Array(Type.String())),
    metadata: nullable(anyObject('null where the caller may not see metadata')),
    self_rotation: Type.Boolean(),
    auto_rotate_after_days: AutoRotateAfter,
    auto_rotates_at: nullable(
      Type.Unsafe<MomentText>({ ...Moment, description: 'When its own program is to rotate it' }),
    ),
    auto_rotation_overdue: Type.Boolean({
      description: 'Its program should have rotated it more than a day ago',
    }),
    ...LimitFields,
    note: nullable(Type.String()),
    former_scopes: nullable(
      Type.Array(Type.String(), {
        description: 'Scopes before they were last changed. For 7 days a change can give all of them back',
      }),
    ),
    scopes_changed_at: nullable(Moment),
    created_by: Type.String(),
    created_by_name: nullable(
      Type.String({ description: 'Of the admin key; null where it is unknown or not yours' }),
    ),
    created_at: Moment,
    expires_at: nullable(Moment),
    disabled_at: nullable(Moment),
    disabled_by: nullable(oneOf(DISABLING_RULES, 'The rule that disabled it; null: a person did')),
    disables_at: nullable(Moment),
    disables_by: nullable(
      oneOf(DISABLING_RULES, 'The rule that disables it at `disables_at`, unless it complies by then'),
    ),
    rotation_due_at: nullable(Moment),
    revoked_at: nullable(Moment),
    revoked_reason: nullable(Type.String()),
    last_used_at: nullable(Moment),
    last_used_ip: nullable(Type.String()),
    rotation: nullable(RotationWire),
    secrets: Type.Array(SecretWire, { description: 'Newest first' }),
  },
  { title: 'Key' },
)

export const IssuedKeyWire = Type.Object({
  secret: Type.String({ description: 'Shown only in this answer' }),
  ...KeyWire.properties,
})

export function toKeyWire(key: Key, now: Date) {
  const current = currentSecret(key.secrets)
  const used = lastUse(key)
  const { disabledAt, disabledBy } = asDisabledBy(now, key)
  const disabling = disablingOf({ ...key, disabledAt })
  const state = stateOf(key, now)
  const isWorking = state !== 'revoked' && state !== 'expired'
  return {
    id: key.id,
    hint: current.hint,
    owner_id: key.ownerId,
    name: key.name,
    environment: key.environment,
    scopes: key.scopes,
    state,
    ip_allowlist: key.ipAllowlist,
    metadata: key.metadata,
    self_rotation: key.selfRotation,
    auto_rotate_after_days: key.autoRotateAfterDays,
    auto_rotates_at: iso(isWorking ? autoRotationAt(key, key.secrets) : null),
    auto_rotation_overdue: isWorking && isAutoRotationOverdue(key, key.secrets, now),
    ...limitsToWire(key.limits),
    note: key.note,
    former_scopes: key.formerScopes?.scopes ?? null,
    scopes_changed_at: iso(key.formerScopes?.changedAt ?? null),
    created_by: key.createdBy,
    created_by_name: key.createdByName,
    created_at: iso(key.createdAt),
    expires_at: iso(current.expiresAt),
    disabled_at: iso(disabledAt),
    disabled_by: disabledAt === null ? null : disabledBy,
    disables_at: iso(disabling?.at ?? null),
    disables_by: disabling?.rule ?? null,
    rotation_due_at: iso(key.disableUnrotatedAt === null ? null : rotationDueAt(key.disableUnrotatedAt)),
    revoked_at: iso(key.revokedAt),
    revoked_reason: key.revokedReason,
    last_used_at: iso(used?.lastUsedAt ?? null),
    last_used_ip: used?.lastUsedIp ?? null,
    rotation: key.revokedAt === null ? toRotationWire(key.secrets, now) : null,
    secrets: key.secrets.map((secret) => toSecretWire(secret, now, key.revokedAt !== null)),
  }
}

export function toIssuedKeyWire(key: Key, secret: Secret, now: Date) {
  return { secret: secret.reveal(), ...toKeyWire(key, now) }
}

export function fromNewKeyWire(body: Static<typeof NewKeyWire>): NewKey {
  return {
    ownerId: body.owner_id,
    name: body.name,
    environment: body.environment,
    scopes: body.scopes,
    ipAllowlist: body.ip_allowlist ?? null,
    metadata: body.metadata ?? {},
    selfRotation: body.self_rotation ?? false,
    autoRotateAfterDays: body.auto_rotate_after_days ?? null,
    note: body.note ?? null,
    ...fromLimitFields(body),
    ...fromLifetimeWire(body),
  }
}

export function fromKeyChangeWire(body: Static<typeof KeyChangeWire>): KeyUpdate {
  const { name, scopes, metadata, note, ip_allowlist: ipAllowlist } = body
  const { self_rotation: selfRotation, auto_rotate_after_days: autoRotateAfterDays } = body
  const { expiresAt } = fromLifetimeWire(body)
  const rotation = { selfRotation, autoRotateAfterDays }
  return { name, scopes, metadata, note, ipAllowlist, expiresAt, ...rotation, ...fromLimitFields(body) }
}

/** `null`: never expires. A missing field: the longest lifetime that the policy allows. */
export function fromLifetimeWire(body: { expires_at?: MomentText | null; lifetime_seconds?: number }) {
  const { expires_at, lifetime_seconds } = body
  return {
    expiresAt: toMoment(expires_at),
    lifetimeSeconds: lifetime_seconds,
  }
}
