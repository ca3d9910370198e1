import { hashCredential } from '../credential/credential.ts'
import { Secret } from '../credential/secret.ts'
import { askAsKey, type OwnKeyServer } from './own-key-api.ts'

export interface RotateOwnKeyOptions extends OwnKeyServer {
  /** The key's current secret. The key must be allowed to rotate itself (`self_rotation`). */
  readonly secret: string | Secret
  /**
   * Stores the new secret where the next start of the program reads it. It must not resolve before that is durable: the
   * old secret ends with the overlap, and the new one is shown to nobody else.
   */
  readonly store: (secret: Secret) => void | Promise<void>
  /**
   * Overlap: seconds for which the old secret still works, 3600 to 604800. Default 86400; for a key with
   * `auto_rotate_after_days` a week, within the policy.
   */
  readonly overlapSeconds?: number | undefined
  /**
   * Ends the overlap once the new secret is stored. Default false: it ends by itself. Refused as `old_secret_in_use` while
   * the old secret was used within the last hour.
   */
  readonly finish?: boolean | undefined
}

export interface OwnKeyRotation {
  readonly keyId: string
  readonly secret: Secret
  readonly expiresAt: Date | null
  /** Until then the old secret works; null where the overlap has ended. */
  readonly overlapEndsAt: Date | null
}

/**
 * Gives a key a new secret, with the key's own secret and without an admin key. In this order: rotate, check that the new
 * secret works, `store` it, and with `finish` end the old one.
 *
 * Safe to repeat: called again with the same old secret within 24 hours, for example after a crash before `store`, it gets
 * the same new secret. So keep the old secret until `store` has resolved.
 *
 * @throws RotationRefusedError; or what `store` throws, after which both secrets work until the overlap ends
 */
export async function rotateOwnKey(options: RotateOwnKeyOptions): Promise<OwnKeyRotation> {
  const { store, overlapSeconds, finish = false } = options
  const old = typeof options.secret === 'string' ? new Secret(options.secret) : options.secret
  const ask = askAsKey(options)
  const named = { 'idempotency-key': `own-rotation-${hashCredential(old.reveal())}` }
  const body = overlapSeconds === undefined ? {} : { overlap_seconds: overlapSeconds }
  const rotated = await ask('POST', '/v1/self/rotate', old, body, named)
  const secret = new Secret(String(rotated.secret))
  // An answer that is given again may be of a rotation that an operator has undone meanwhile.
  const checked = await ask('GET', '/v1/self', secret)
  await store(secret)
  const own = finish ? await ask('POST', '/v1/self/rotation/finish', secret, {}) : checked
  return {
    keyId: String(own.id),
    secret,
    expiresAt: momentOf(own.expires_at),
    overlapEndsAt: momentOf((own.rotation as { ends_at?: unknown } | null)?.ends_at),
  }
}

function momentOf(value: unknown): Date | null {
  return typeof value === 'string' ? new Date(value) : null
}
