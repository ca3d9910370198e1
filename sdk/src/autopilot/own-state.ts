import type { Secret } from '../credential/secret.ts'
import type { AskAsKey } from '../source/own-key-api.ts'

/** The state of a key's rotation, as the server tells the secret that is presented. Ages are by its clock. */
export type OwnState =
  /** A rotation runs, and the new secret is in use here. */
  | { readonly is: 'presenting_new'; readonly ageSeconds: number }
  /** A rotation runs that this key began, and the new secret is not here. */
  | { readonly is: 'presenting_old'; readonly ageSeconds: number }
  /** Likewise, and an operator began it. */
  | { readonly is: 'rotated_by_other' }
  /** The key has no `auto_rotate_after_days`. */
  | { readonly is: 'not_asked' }
  | { readonly is: 'due' | 'not_due' }

/** Asks the server. @throws RotationRefusedError where the secret does not work */
export async function readState(ask: AskAsKey, as: Secret): Promise<OwnState> {
  const own = await ask('GET', '/v1/self', as)
  const rotation = own.rotation as Rotation | null
  if (rotation !== null) {
    const ageSeconds = rotation.age_seconds
    if (rotation.presented === 'new') return { is: 'presenting_new', ageSeconds }
    return rotation.started_by === 'key' ? { is: 'presenting_old', ageSeconds } : { is: 'rotated_by_other' }
  }
  const asked = own.auto_rotation as { readonly due_in_seconds: number } | null
  if (asked === null) return { is: 'not_asked' }
  return { is: asked.due_in_seconds === 0 ? 'due' : 'not_due' }
}

/** Fields of the answer. */
interface Rotation {
  readonly presented: 'old' | 'new'
  readonly started_by: 'key' | 'other'
  readonly age_seconds: number
}
