import { hashCredential, type Secret } from '@doorward/sdk/kernel'
import { addSeconds, earlier } from '../base/clock.ts'
import { no, type Result } from '../base/result.ts'
import type { Tx } from '../db/schema.ts'
import { type Problem, problem } from '../http/problem.ts'
import type { Caller } from '../management/caller.ts'
import { ANSWERS_KEPT_SECONDS } from '../management/idempotency.ts'
import { unrotatedUntil } from '../owners/disabling.ts'
import { sharePolicies } from '../owners/policy.store.ts'
import { policyFor } from '../owners/policy-for.ts'
import { overlapOf } from '../owners/policy-problem.ts'
import { finishRotation, startRotation } from '../secrets/rotate-secret.ts'
import { isCurrentSelfIssued, secretIdByHash } from '../secrets/secret.store.ts'
import { currentSecret, runningRotation, whyNotQuiet } from '../secrets/secret.ts'
import type { KeySettings } from './create-key.ts'
import { updateKey } from './key.store.ts'
import { whyNotFinishKeyRotation, whyNotRotateKey, whyNotUndoKeyRotation } from './key.ts'
import { freshExpiry, lockAllowed, undoKeyRotation } from './rotate-key.ts'

/** An overlap that a leaked key chooses itself must neither lock its rightful user out, nor keep two secrets for long. */
export const OWN_OVERLAP_SECONDS = { least: 3600, default: 24 * 3600, most: 7 * 24 * 3600 } as const

/** Secrets that a key can have got in a day, the first included. Each is a row and an audit event, for ever. */
const MAX_SECRETS_A_DAY = 6
const DAY_SECONDS = 24 * 3600

/**
 * A key rotates itself with its current secret. It gets no more than it has: the same id, scopes and limits, and an expiry
 * that is not later than the one it had, nor than the policy allows. Only a key that is asked to rotate itself gets a new
 * life, as long as the last one: else it would end in spite of it. A secret that is being replaced cannot rotate: while it
 * works, a rotation is running.
 */
export async function rotateOwnKey(
  tx: Tx,
  caller: Caller,
  { brand, policy: configured }: KeySettings,
  overlapSeconds: number | undefined,
): Promise<Result<{ secret: Secret }, Problem>> {
  await sharePolicies(tx)
  const locked = await lockAllowed(tx, caller, caller.actor.id, whyNotRotateKey)
  if (!locked.ok) return locked
  const key = locked.value
  const lately = key.secrets.filter(({ createdAt }) => createdAt > addSeconds(caller.now, -DAY_SECONDS))
  const [oldest] = lately.slice(-1)
  if (oldest !== undefined && lately.length >= MAX_SECRETS_A_DAY) {
    const waitMs = addSeconds(oldest.createdAt, DAY_SECONDS).getTime() - caller.now.getTime()
    return no(tooManyRequests(`A key can have ${MAX_SECRETS_A_DAY} new secrets in a day.`, waitMs))
  }
  const policy = await policyFor(tx, configured, key.environment, key.ownerId)
  const fresh = freshExpiry(key, {}, policy, caller.now)
  if (!fresh.ok) return fresh
  const isAsked = key.autoRotateAfterDays !== null
  const usual = isAsked ? OWN_OVERLAP_SECONDS.most : OWN_OVERLAP_SECONDS.default
  const overlap = overlapOf(overlapSeconds, usual, policy, caller.now)
  if (!overlap.ok) return overlap
  const { expiresAt: had } = currentSecret(key.secrets)
  await updateKey(tx, key, { disable_unrotated_at: unrotatedUntil(policy, caller.now) })
  return await startRotation(tx, caller, key, 'key', {
    environment: key.environment,
    brand,
    expiresAt: isAsked ? fresh.value : earlier(had, fresh.value),
    isSelfIssued: true,
    overlapSeconds: overlap.value,
    maxLifetimeSeconds: policy.maxLifetimeSeconds,
  })
}

/**
 * Ends the overlap, with the new secret. Not while another program still uses the old one: a leaked key could lock its
 * rightful user out by it.
 */
export async function finishOwnRotation(
  tx: Tx,
  caller: Caller,
  presented: Secret,
): Promise<Result<string, Problem>> {
  const locked = await lockAllowed(tx, caller, caller.actor.id, whyNotFinishKeyRotation)
  if (!locked.ok) return locked
  const running = runningRotation(locked.value.secrets, caller.now)
  if (running !== null) {
    const presentedId = await secretIdByHash(tx, hashCredential(presented.reveal()))
    if (presentedId !== running.next.id) return no(RETIRING)
    if (whyNotQuiet(running.old, caller.now) !== null) return no(STILL_USED)
  }
  return await finishRotation(tx, caller, locked.value, 'key')
}

/**
 * Revokes the new secret of a rotation that the key began itself, with the old one: for a program that was stopped before
 * it had stored the new secret, and for longer than the answer can be requested again. Not before: until then a repeated
 * request gets that secret, and a use of it may not be known yet. Not the rotation of an operator, who may be about to
 * deploy.
 */
export async function undoOwnRotation(
  tx: Tx,
  caller: Caller,
  settings: KeySettings,
  presented: Secret,
): Promise<Result<string, Problem>> {
  await sharePolicies(tx)
  const { id } = caller.actor
  const locked = await lockAllowed(tx, caller, id, whyNotUndoKeyRotation)
  if (!locked.ok) return locked
  const running = runningRotation(locked.value.secrets, caller.now)
  if (running !== null) {
    const presentedId = await secretIdByHash(tx, hashCredential(presented.reveal()))
    if (presentedId !== running.old.id) return no(notUndone('Present the old secret.'))
    if (!(await isCurrentSelfIssued(tx, id)))
      return no(notUndone('It was begun with an admin key: undo it with one, or store the new secret.'))
    const from = addSeconds(running.next.createdAt, ANSWERS_KEPT_SECONDS)
    if (caller.now < from)
      return no(
        notUndone(
          `Until ${from.toISOString()} the request that began it can be repeated with the same Idempotency-Key, and gets the new secret.`,
        ),
      )
  }
  return await undoKeyRotation(tx, caller, settings, id)
}

export function tooManyRequests(detail: string, waitMs: number): Problem {
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000))
  return problem('too_many_requests', `${detail} Try again in ${retryAfterSeconds} seconds.`, {
    retryAfterSeconds,
  })
}

const notUndone = (detail: string) => problem('undo_not_allowed', detail)

const RETIRING = problem('retiring_secret', 'Present the new secret: only it can end the overlap.')

const STILL_USED = problem(
  'old_secret_in_use',
  'The old secret was used within the last hour. Move its user to the new one, or wait: the overlap ends by itself.',
)
