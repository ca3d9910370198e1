import type { Secret } from '@doorward/sdk/kernel'
import { no, type Result, yes } from '../base/result.ts'
import type { Tx } from '../db/schema.ts'
import { NOT_FOUND, type Problem, problem } from '../http/problem.ts'
import type { Caller } from '../management/caller.ts'
import { finishRotation, startRotation, undoRotation } from '../secrets/rotate-secret.ts'
import { currentSecret, isLive, successorExpiry } from '../secrets/secret.ts'
import { lockAdminKey } from './admin-key.store.ts'
import type { AdminKey } from './admin-key.ts'
import { outlives, whyWider } from './create-admin-key.ts'

/**
 * Mints a new secret for the same admin key; the old one works until the overlap ends. The new one's lifetime is as long
 * as the old one's, but a key cannot extend itself, and a caller cannot extend another key beyond its own expiry.
 */
export async function rotateAdminKey(
  tx: Tx,
  caller: Caller,
  brand: string | null,
  id: string,
  overlapSeconds: number,
): Promise<Result<{ secret: Secret }, Problem>> {
  const locked = await lockWithin(tx, caller, id)
  if (!locked.ok) return locked
  const key = locked.value
  const current = currentSecret(key.secrets)
  if (!isLive(current, caller.now)) return no(problem('key_expired', 'Create a new admin key instead.'))

  const fresh = successorExpiry(current, caller.now)
  const isLonger = outlives(fresh, caller)
  if (isLonger && id !== caller.actor.id) return no(problem('exceeds_authority', WOULD_OUTLIVE))
  const expiresAt = isLonger ? caller.latestExpiry : fresh
  return await startRotation(tx, caller, key, 'admin_key', {
    environment: null,
    brand,
    expiresAt,
    overlapSeconds,
    maxLifetimeSeconds: null,
  })
}

const WOULD_OUTLIVE =
  'Its new secret would live longer than your own admin key. Rotate it with its own secret, or with a key that lives longer.'

export async function finishAdminKeyRotation(
  tx: Tx,
  caller: Caller,
  id: string,
): Promise<Result<string, Problem>> {
  const locked = await lockWithin(tx, caller, id)
  return locked.ok ? await finishRotation(tx, caller, locked.value, 'admin_key') : locked
}

export async function undoAdminKeyRotation(
  tx: Tx,
  caller: Caller,
  id: string,
): Promise<Result<string, Problem>> {
  const locked = await lockWithin(tx, caller, id)
  return locked.ok ? await undoRotation(tx, caller, locked.value, 'admin_key') : locked
}

/** Prevents privilege escalation: a caller that gets a new secret must have all rights of the key. */
async function lockWithin(tx: Tx, caller: Caller, id: string): Promise<Result<AdminKey, Problem>> {
  const key = await lockAdminKey(tx, id)
  if (key === undefined) return no(NOT_FOUND)
  if (key.revokedAt !== null) return no(problem('key_revoked', 'Create a new admin key instead.'))
  const wider = whyWider(caller, key)
  if (wider !== null) return no(problem('exceeds_authority', wider))
  const beyond = key.permissions.filter((permission) => !caller.permissions.has(permission))
  if (beyond.length > 0)
    return no(
      problem(
        'exceeds_authority',
        `Your own admin key lacks \`${beyond.join('`, `')}\`, which this one has.`,
      ),
    )
  return yes(key)
}
