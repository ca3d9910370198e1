import { Type } from 'typebox'
import { iso, Moment, nullable, oneOf, strictObject } from '../http/wire.ts'
import {
  adviceOf,
  DEFAULT_OVERLAP_SECONDS,
  isLive,
  isSafeToFinish,
  MAX_OVERLAP_SECONDS,
  QUIET_SECONDS,
  runningRotation,
  type StoredSecret,
  verdictOn,
} from './secret.ts'

export const SecretWire = Type.Object(
  {
    id: Type.String(),
    hint: Type.String({
      description: 'Prefix and four characters; the rest of a secret is never shown again',
    }),
    state: oneOf(['live', 'retiring', 'ended']),
    created_at: Moment,
    expires_at: nullable(Moment),
    retires_at: nullable(Moment),
    last_used_at: nullable(Moment),
    last_used_ip: nullable(Type.String()),
    last_used_user_agent: nullable(Type.String()),
    exposed_at: nullable(Moment),
  },
  { title: 'Secret' },
)

export const FinishWhenSilent = nullable(
  Type.Integer({ description: 'Silence of the old secret after which the rotation finishes by itself' }),
)

export const RotationWire = Type.Object(
  {
    old_secret_id: Type.String(),
    new_secret_id: Type.String(),
    started_at: Moment,
    ends_at: Moment,
    finish_when_silent_seconds: FinishWhenSilent,
    safe_to_finish: Type.Boolean(),
    advice: Type.String(),
  },
  {
    title: 'Rotation',
    description: 'Set while two secrets work. The last use of the old one is in `secrets`.',
  },
)

export const OverlapSeconds = Type.Integer({
  minimum: 0,
  maximum: MAX_OVERLAP_SECONDS,
  default: DEFAULT_OVERLAP_SECONDS,
  description: 'How long both secrets work, at most until the old one expires. 0 ends the old one at once.',
})

/** A change of a running rotation. */
export const RotationChangeWire = strictObject({
  overlap_seconds: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: MAX_OVERLAP_SECONDS,
      description:
        'How long both secrets go on working, from now: at most until either expires, and 90 days after the start.',
    }),
  ),
  finish_when_silent_seconds: Type.Optional(
    nullable(
      Type.Integer({
        minimum: QUIET_SECONDS,
        maximum: MAX_OVERLAP_SECONDS,
        description:
          'The rotation finishes by itself once the old secret has not been used for so long, and the new one has. ' +
          'null: it does not.',
      }),
    ),
  ),
})

/** @param isHolderOver the holder is revoked, and its secrets with it */
export function toSecretWire(secret: StoredSecret, now: Date, isHolderOver: boolean) {
  const state =
    isHolderOver || !isLive(secret, now) ? 'ended' : secret.retiresAt === null ? 'live' : 'retiring'
  return {
    id: secret.id,
    hint: secret.hint,
    state,
    created_at: iso(secret.createdAt),
    expires_at: iso(secret.expiresAt),
    retires_at: iso(secret.retiredAt ?? secret.retiresAt),
    last_used_at: iso(secret.lastUsedAt),
    last_used_ip: secret.lastUsedIp,
    last_used_user_agent: secret.lastUsedUserAgent,
    exposed_at: iso(secret.exposedAt),
  }
}

export function toRotationWire(secrets: readonly StoredSecret[], now: Date) {
  const rotation = runningRotation(secrets, now)
  if (rotation === null) return null
  return {
    old_secret_id: rotation.old.id,
    new_secret_id: rotation.next.id,
    started_at: iso(rotation.next.createdAt),
    ends_at: iso(rotation.endsAt),
    finish_when_silent_seconds: rotation.old.finishWhenSilentSeconds,
    safe_to_finish: isSafeToFinish(verdictOn(rotation, now)),
    advice: adviceOf(rotation, now),
  }
}
