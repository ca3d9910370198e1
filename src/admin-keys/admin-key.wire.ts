import type { Secret } from '@doorward/sdk/kernel'
import { Type } from 'typebox'
import {
  EnvironmentName,
  iso,
  Moment,
  nullable,
  OwnerId,
  oneOf,
  plainText,
  strictObject,
} from '../http/wire.ts'
import { ALL_PERMISSIONS, PERMISSIONS } from '../management/permission.ts'
import { currentSecret } from '../secrets/secret.ts'
import { RotationWire, SecretWire, toRotationWire, toSecretWire } from '../secrets/secret.wire.ts'
import type { AdminKey } from './admin-key.ts'

const PermissionWire = oneOf(
  ALL_PERMISSIONS,
  ALL_PERMISSIONS.map((name) => `\`${name}\`: ${PERMISSIONS[name]}`).join('. '),
)

export const NewAdminKeyWire = strictObject({
  name: plainText(100, 'For people, such as "orders API in production"'),
  permissions: Type.Array(PermissionWire, {
    uniqueItems: true,
    minItems: 1,
    maxItems: ALL_PERMISSIONS.length,
  }),
  owner_id: Type.Optional(nullable(OwnerId)),
  environments: Type.Optional(
    nullable(
      Type.Array(EnvironmentName, {
        uniqueItems: true,
        minItems: 1,
        maxItems: 16,
        description: 'The only environments whose keys and clients it reaches. Default: all',
      }),
    ),
  ),
  hides_metadata: Type.Optional(
    Type.Boolean({ description: 'True: `metadata` in answers is null. Default: false' }),
  ),
  /** Not later than the expiry of the creating key, which is the default. */
  expires_at: Type.Optional(nullable(Moment)),
})

export const AdminKeyWire = Type.Object({
  id: Type.String(),
  hint: Type.String(),
  name: Type.String(),
  permissions: Type.Array(Type.String()),
  owner_id: nullable(Type.String()),
  environments: nullable(Type.Array(Type.String())),
  hides_metadata: Type.Boolean(),
  created_by: Type.String(),
  created_at: Moment,
  expires_at: nullable(Moment),
  revoked_at: nullable(Moment),
  revoked_reason: nullable(Type.String()),
  rotation: nullable(RotationWire),
  secrets: Type.Array(SecretWire),
})

export const IssuedAdminKeyWire = Type.Object({
  secret: Type.String({ description: 'Shown here once, and never again' }),
  ...AdminKeyWire.properties,
})

export function toAdminKeyWire(key: AdminKey, now: Date) {
  const current = currentSecret(key.secrets)
  return {
    id: key.id,
    hint: current.hint,
    name: key.name,
    permissions: key.permissions,
    owner_id: key.ownerId,
    environments: key.environments,
    hides_metadata: key.hidesMetadata,
    created_by: key.createdBy,
    created_at: iso(key.createdAt),
    expires_at: iso(current.expiresAt),
    revoked_at: iso(key.revokedAt),
    revoked_reason: key.revokedReason,
    rotation: toRotationWire(key.secrets, now),
    secrets: key.secrets.map((secret) => toSecretWire(secret, now, key.revokedAt !== null)),
  }
}

export function toIssuedAdminKeyWire(key: AdminKey, secret: Secret, now: Date) {
  return { secret: secret.reveal(), ...toAdminKeyWire(key, now) }
}
