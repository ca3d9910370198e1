import type { Secret } from '@doorward/sdk/kernel'
import type { Origin } from '../audit/audit-event.ts'
import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { type Problem, problem } from '../http/problem.ts'
import { issueSecret, type SecretRequest } from './issue-secret.ts'
import { noticeBefore } from './noticed.ts'
import {
  lockSecretsOf,
  moveOverlap,
  reinstateSecret,
  retireSecret,
  revokeUnusedSecret,
} from './secret.store.ts'
import {
  currentSecret,
  movedEnd,
  type NoRotation,
  overlapEnd,
  type Rotation,
  type RotationInUse,
  type RotationRunning,
  runningRotation,
  type StoredSecret,
  whyNotFinishRotation,
  whyNotStartRotation,
  whyNotUndoRotation,
} from './secret.ts'

/**
 * The holder of a secret that can be rotated. Callers of these functions hold the lock on its row, have read the secrets
 * under that lock, and have checked that it is not revoked or expired.
 */
export interface Holder {
  readonly id: string
  readonly ownerId: string | null
  readonly secrets: readonly StoredSecret[]
}

/** The noun of the audit actions: `key.rotated`. */
export type HolderKind = keyof typeof CREDENTIAL_KIND

const CREDENTIAL_KIND = { key: 'api_key', admin_key: 'admin_key', client: 'client_secret' } as const

export interface RotationSettings extends Omit<SecretRequest, 'holderId' | 'kind'> {
  readonly overlapSeconds: number
  /** Longest lifetime of the holder's secrets; null: without an end. */
  readonly maxLifetimeSeconds: number | null
}

/** Starts a rotation: the old secret works until the overlap ends, the new one at once. At most two live. */
export async function startRotation(
  tx: Tx,
  origin: Origin,
  holder: Holder,
  kind: HolderKind,
  { overlapSeconds, maxLifetimeSeconds, ...request }: RotationSettings,
): Promise<Result<{ secret: Secret }, Problem>> {
  const why = whyNotStartRotation(holder.secrets, origin.now)
  if (why !== null) return no(rotationProblem(why))
  const old = currentSecret(holder.secrets)
  const bounds = { overlapSeconds, maxLifetimeSeconds, nextExpiresAt: request.expiresAt }
  const endsAt = overlapEnd(old, bounds, origin.now)
  const endedAt = endsAt <= origin.now ? origin.now : null
  // Before the old secret is retired: afterwards the new one is the current one.
  const noticed = await noticeBefore(tx, holder.id, ENDS_BY_ROTATION, origin.now)
  await retireSecret(tx, holder.id, old.id, { endsAt, endedAt })
  const { secret, hint } = await issueSecret(
    tx,
    { ...request, kind: CREDENTIAL_KIND[kind], holderId: holder.id },
    origin.now,
  )
  const detail = { old: old.hint, new: hint, ends_at: endsAt.toISOString(), ...noticed }
  const altersVerdictsOf = { holderId: holder.id }
  await record(tx, origin, { action: `${kind}.rotated`, target: holder, detail, altersVerdictsOf })
  return yes({ secret })
}

/** Causes of notices that a rotation answers. */
const ENDS_BY_ROTATION = ['expires', 'rotation_due']

/** Change of a running rotation. An undefined member stays as it is. */
export interface RotationChange {
  /** How long both secrets go on working, from now. */
  readonly overlapSeconds: number | undefined
  /** Silence of the old secret after which the rotation finishes by itself; null: it does not. */
  readonly finishWhenSilentSeconds: number | null | undefined
  /** Longest lifetime of the holder's secrets; null: without an end. */
  readonly maxLifetimeSeconds: number | null
}

/** Moves the end of the overlap, or says after which silence of the old secret it ends. */
export async function changeRotation(
  tx: Tx,
  origin: Origin,
  holder: Holder,
  change: RotationChange,
): Promise<Result<string, Problem>> {
  const why = whyNotFinishRotation(holder.secrets, origin.now)
  if (why !== null) return no(rotationProblem(why))
  const running = runningOf(holder, origin.now)
  const { overlapSeconds, maxLifetimeSeconds } = change
  const { finishWhenSilentSeconds = running.old.finishWhenSilentSeconds } = change
  const nextExpiresAt = running.next.expiresAt
  const endsAt =
    overlapSeconds === undefined
      ? running.endsAt
      : movedEnd(running, { overlapSeconds, maxLifetimeSeconds, nextExpiresAt }, origin.now)
  await moveOverlap(tx, holder.id, running.old.id, { endsAt, finishWhenSilentSeconds })
  await record(tx, origin, {
    action: 'key.rotation_changed',
    target: { id: holder.id, ownerId: holder.ownerId },
    detail: {
      ...hintsOf(running),
      ends_at: endsAt.toISOString(),
      finish_when_silent_seconds: finishWhenSilentSeconds,
    },
    altersVerdictsOf: { secretId: running.old.id },
  })
  return yes(holder.id)
}

/** Ends the overlap now: only the new secret works. `because`: of one that finishes by itself. */
export async function finishRotation(
  tx: Tx,
  origin: Origin,
  holder: Holder,
  kind: HolderKind,
  because?: 'old_secret_silent',
): Promise<Result<string, Problem>> {
  const why = whyNotFinishRotation(holder.secrets, origin.now)
  if (why !== null) return no(rotationProblem(why))
  const running = runningOf(holder, origin.now)
  await retireSecret(tx, holder.id, running.old.id, { endsAt: running.endsAt, endedAt: origin.now })
  await record(tx, origin, {
    action: `${kind}.rotation_finished`,
    target: holder,
    detail: { ...hintsOf(running), ...(because === undefined ? {} : { because }) },
    altersVerdictsOf: { secretId: running.old.id, ended: { reason: 'rotated', at: origin.now } },
  })
  return yes(holder.id)
}

/** Revokes the new secret while it is unused; the old one works as before. */
export async function undoRotation(
  tx: Tx,
  origin: Origin,
  holder: Holder,
  kind: HolderKind,
): Promise<Result<string, Problem>> {
  const why = whyNotUndoRotation(holder.secrets, origin.now)
  if (why !== null) return no(rotationProblem(why))
  const running = runningOf(holder, origin.now)
  await lockSecretsOf(tx, [holder.id])
  // The `WHERE` clause is the lock: a use may have been counted since the secrets were read.
  if (!(await revokeUnusedSecret(tx, holder.id, running.next.id, origin.now)))
    return no(rotationProblem({ code: 'rotation_in_use', usedAt: origin.now }))
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

/** A refusal to start, finish or undo a rotation, as a problem. */
export function rotationProblem(why: RotationRunning | NoRotation | RotationInUse): Problem {
  switch (why.code) {
    case 'rotation_running':
      return problem(
        why.code,
        `A rotation runs until ${why.endsAt.toISOString()}. At most two secrets live at once: finish it or undo it first.`,
      )
    case 'no_rotation':
      return problem(why.code, 'Start one with `rotate`. A rotation whose overlap has ended is finished.')
    case 'rotation_in_use':
      return problem(why.code, 'The new secret has been used. Finish the rotation instead.')
  }
}

function runningOf({ secrets }: Holder, now: Date): Rotation {
  const running = runningRotation(secrets, now)
  if (running === null) throw new Error('no rotation runs')
  return running
}

function hintsOf({ old, next }: Rotation) {
  return { old: old.hint, new: next.hint }
}
