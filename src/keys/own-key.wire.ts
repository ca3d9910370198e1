import { limitsToWire, type QuotaCount, quotaCountToWire, type Secret } from '@doorward/sdk/kernel'
import { Type } from 'typebox'
import { iso, Moment, nullable, oneOf, strictObject } from '../http/wire.ts'
import { LimitFields, QuotaCountWire } from '../owners/limits.wire.ts'
import { currentSecret, runningRotation } from '../secrets/secret.ts'
import type { Key } from './key.ts'
import { OWN_OVERLAP_SECONDS } from './rotate-own-key.ts'

export const RotateOwnKeyWire = strictObject({
  overlap_seconds: Type.Optional(
    Type.Integer({
      minimum: OWN_OVERLAP_SECONDS.least,
      maximum: OWN_OVERLAP_SECONDS.most,
      default: OWN_OVERLAP_SECONDS.default,
      description:
        'How long both secrets work; less where the old secret, the new one or the policy ends sooner',
    }),
  ),
})

export const OwnKeyWire = Type.Object({
  id: Type.String(),
  name: Type.String(),
  owner_id: Type.String(),
  environment: Type.String(),
  scopes: Type.Array(Type.String()),
  ip_allowlist: nullable(Type.Array(Type.String())),
  ...LimitFields,
  quotas: Type.Array(QuotaCountWire, { description: 'What is spent of each quota, its own and its owner’s' }),
  self_rotation: Type.Boolean({ description: 'Whether it may rotate itself' }),
  hint: Type.String({ description: 'Of the current secret' }),
  expires_at: nullable(Moment),
  rotation: nullable(
    Type.Object(
      {
        presented: oneOf(['old', 'new'], 'The secret that this request presented'),
        started_at: Moment,
        ends_at: Moment,
      },
      { description: 'While two secrets work' },
    ),
  ),
})

export const RotatedOwnKeyWire = Type.Object({
  secret: Type.String({ description: 'Shown here once. Store it before anything else is done with it' }),
  ...OwnKeyWire.properties,
})

/** @param presentedId the secret that the request presented */
export function toOwnKeyWire(key: Key, presentedId: string, quotas: readonly QuotaCount[], now: Date) {
  const current = currentSecret(key.secrets)
  const running = runningRotation(key.secrets, now)
  return {
    id: key.id,
    name: key.name,
    owner_id: key.ownerId,
    environment: key.environment,
    scopes: key.scopes,
    ip_allowlist: key.ipAllowlist,
    ...limitsToWire(key.limits),
    quotas: quotas.map(quotaCountToWire),
    self_rotation: key.selfRotation,
    hint: current.hint,
    expires_at: iso(current.expiresAt),
    rotation: running && {
      presented: running.next.id === presentedId ? 'new' : 'old',
      started_at: iso(running.next.createdAt),
      ends_at: iso(running.endsAt),
    },
  }
}

export function toRotatedOwnKeyWire(secret: Secret, own: ReturnType<typeof toOwnKeyWire>) {
  return { secret: secret.reveal(), ...own }
}
