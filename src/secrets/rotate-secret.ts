import type { Secret } from '@doorward/sdk/kernel'
import { no, type Result, yes } from '../base/result.ts'
import type { Tx } from '../db/schema.ts'
import { type Problem, problem } from '../http/problem.ts'
import { issueSecret, type SecretOrder } from './issue-secret.ts'
import { retireSecret, revokeUnusedSecret } from './secret.store.ts'
import { currentSecret, overlapEnd, type Rotation, runningRotation, type StoredSecret } from './secret.ts'

/**
 * Rotation of any holder's secret. The caller holds the lock on the holder's row and has seen that the holder is
 * alive; `secrets` are all of its secrets, read under that lock.
 */

/** Starts a rotation: the old secret works until the overlap ends, the new one at once. At most two live. */
export async function startRotation(
  tx: Tx,
  secrets: readonly StoredSecret[],
  order: SecretOrder,
  overlapSeconds: number,
  now: Date,
): Promise<Result<{ secret: Secret; old: StoredSecret; endsAt: Date }, Problem>> {
  const running = runningRotation(secrets, now)
  if (running !== null) return no(rotationRunning(running))
  const old = currentSecret(secrets)
  const endsAt = overlapEnd(old, overlapSeconds, now)
  await retireSecret(tx, order.holderId, old.id, endsAt)
  const { secret } = await issueSecret(tx, order, now)
  return yes({ secret, old, endsAt })
}

/** Ends the overlap now. */
export async function finishRotation(
  tx: Tx,
  secrets: readonly StoredSecret[],
  now: Date,
): Promise<Result<Rotation, Problem>> {
  const running = runningRotation(secrets, now)
  if (running === null) return no(NO_ROTATION)
  await retireSecret(tx, running.old.holderId, running.old.id, now)
  return yes(running)
}

/** Takes the new secret back while nobody has used it; the old one lives on as if nothing had been. */
export async function undoRotation(
  tx: Tx,
  secrets: readonly StoredSecret[],
  now: Date,
): Promise<Result<Rotation, Problem>> {
  const running = runningRotation(secrets, now)
  if (running === null) return no(NO_ROTATION)
  const { old, next } = running
  if (!(await revokeUnusedSecret(tx, next.holderId, next.id, now)))
    return no(problem('rotation_in_use', 'The new secret has been used. Finish the rotation instead.'))
  await retireSecret(tx, old.holderId, old.id, null)
  return yes(running)
}

const NO_ROTATION = problem(
  'no_rotation',
  'Start one with `rotate`. A rotation whose overlap is over is finished.',
)

function rotationRunning({ endsAt }: Rotation): Problem {
  return problem(
    'rotation_running',
    `A rotation runs until ${endsAt.toISOString()}. At most two secrets live at once: finish it or undo it first.`,
  )
}
