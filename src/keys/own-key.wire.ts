import { limitsToWire, type QuotaCount, quotaCountToWire, type Secret } from '@doorward/sdk/kernel'
import { Type } from 'typebox'
import { iso, Moment, nullable, oneOf, strictObject } from '../http/wire.ts'
import { autoRotationAt } from '../owners/auto-rotation.ts'
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
  auto_rotation: nullable(
    Type.Object(
      {
        after_days: Type.Integer(),
        rotates_at: Moment,
        due_in_seconds: Type.Integer({
          minimum: 0,
          description: 'Until then, by the server’s clock; 0: it is due',
        }),
      },
      { description: 'When the program that reads this is to rotate the key; null: it is not asked to' },
    ),
  ),
  rotation: nullable(
    Type.Object(
      {
        presented: oneOf(['old', 'new'], 'The secret that this request presented'),
        started_at: Moment,
        age_seconds: Type.Integer({ description: 'Since it started, by the server’s clock' }),
        started_by: oneOf(['key', 'other'], '`key`: the key itself'),
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

export interface OwnView {
  /** The secret that the request presented. */
  readonly presentedId: string
  /** The key gave itself its current secret. */
  readonly isSelfIssued: boolean
  readonly quotas: readonly QuotaCount[]
}

export function toOwnKeyWire(key: Key, { presentedId, isSelfIssued, quotas }: OwnView, now: Date) {
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
    auto_rotation: toAutoRotationWire(key, now),
    rotation: running && {
      presented: running.next.id === presentedId ? 'new' : 'old',
      started_at: iso(running.next.createdAt),
      age_seconds: Math.floor(secondsBetween(running.next.createdAt, now)),
      started_by: isSelfIssued ? 'key' : 'other',
      ends_at: iso(running.endsAt),
    },
  }
}

function toAutoRotationWire(key: Key, now: Date) {
  const at = autoRotationAt(key, key.secrets)
  return (
    at && {
      after_days: key.autoRotateAfterDays,
      rotates_at: iso(at),
      due_in_seconds: Math.ceil(secondsBetween(now, at)),
    }
  )
}

/** Seconds from one moment to another; 0 where that was before. */
function secondsBetween(from: Date, to: Date): number {
  return Math.max(0, (to.getTime() - from.getTime()) / 1000)
}

export function toRotatedOwnKeyWire(secret: Secret, own: ReturnType<typeof toOwnKeyWire>) {
  return { secret: secret.reveal(), ...own }
}
