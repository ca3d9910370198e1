import type { Secret } from '@doorward/sdk/kernel'
import type { Origin } from '../audit/audit-event.ts'
import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { type Problem, problem } from '../http/problem.ts'
import { issueSecret, type SecretOrder } from './issue-secret.ts'
import { reinstateSecret, retireSecret, revokeUnusedSecret } from './secret.store.ts'
import { currentSecret, overlapEnd, type Rotation, runningRotation, type StoredSecret } from './secret.ts'

/**
 * What has a secret that can be rotated. Who calls these functions holds the lock on its row, has read the secrets
 * under that lock, and has seen that it is alive.
 */
export interface Holder {
  readonly id: string
  readonly ownerId: string | null
  readonly secrets: readonly StoredSecret[]
}

/** The holder's word in the audit log: `key.rotated`. */
export type HolderKind = keyof typeof CREDENTIAL_KIND

const CREDENTIAL_KIND = { key: 'api_key', admin_key: 'admin_key', client: 'client_secret' } as const

export interface RotationOrder extends Omit<SecretOrder, 'holderId' | 'kind'> {
  readonly overlapSeconds: number
  /** The longest that the holder's secrets may live; null: for ever. */
  readonly maxLifetimeSeconds: number | null
}

/** Starts a rotation: the old secret works until the overlap ends, the new one at once. At most two live. */
export async function startRotation(
  tx: Tx,
  origin: Origin,
  holder: Holder,
  kind: HolderKind,
  { overlapSeconds, maxLifetimeSeconds, ...order }: RotationOrder,
): Promise<Result<{ secret: Secret }, Problem>> {
  const running = runningRotation(holder.secrets, origin.now)
  if (running !== null) return no(rotationRunning(running))
  const old = currentSecret(holder.secrets)
  const bounds = { overlapSeconds, maxLifetimeSeconds, nextExpiresAt: order.expiresAt }
  const endsAt = overlapEnd(old, bounds, origin.now)
  const endedAt = endsAt <= origin.now ? origin.now : null
  await retireSecret(tx, holder.id, old.id, { endsAt, endedAt })
  const { secret, hint } = await issueSecret(
    tx,
    { ...order, kind: CREDENTIAL_KIND[kind], holderId: holder.id },
    origin.now,
  )
  const detail = { old: old.hint, new: hint, ends_at: endsAt.toISOString() }
  const altersVerdictsOf = { holderId: holder.id }
  await record(tx, origin, { action: `${kind}.rotated`, target: holder, detail, altersVerdictsOf })
  return yes({ secret })
}

/** Ends the overlap now: only the new secret works. */
export async function finishRotation(
  tx: Tx,
  origin: Origin,
  holder: Holder,
  kind: HolderKind,
): Promise<Result<string, Problem>> {
  const running = runningRotation(holder.secrets, origin.now)
  if (running === null) return no(NO_ROTATION)
  await retireSecret(tx, holder.id, running.old.id, { endsAt: running.endsAt, endedAt: origin.now })
  await record(tx, origin, {
    action: `${kind}.rotation_finished`,
    target: holder,
    detail: hintsOf(running),
    altersVerdictsOf: { secretId: running.old.id, ended: { reason: 'rotated', at: origin.now } },
  })
  return yes(holder.id)
}

/** Takes the new secret back while nobody has used it; the old one lives on as if nothing had been. */
export async function undoRotation(
  tx: Tx,
  origin: Origin,
  holder: Holder,
  kind: HolderKind,
): Promise<Result<string, Problem>> {
  const running = runningRotation(holder.secrets, origin.now)
  if (running === null) return no(NO_ROTATION)
  if (!(await revokeUnusedSecret(tx, holder.id, running.next.id, origin.now)))
    return no(problem('rotation_in_use', 'The new secret has been used. Finish the rotation instead.'))
  await reinstateSecret(tx, holder.id, running.old.id)
  const ended = { reason: 'revoked', at: origin.now } as const
  await record(tx, origin, {
    action: `${kind}.rotation_undone`,
    target: holder,
    detail: hintsOf(running),
    altersVerdictsOf: [{ secretId: running.next.id, ended }, { secretId: running.old.id }],
  })
  return yes(holder.id)
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

function hintsOf({ old, next }: Rotation) {
  return { old: old.hint, new: next.hint }
}
