import type { Change } from '@doorward/sdk/kernel'

/** A committed change that can alter verdicts, as the outbox keeps it. */
export interface StoredChange extends Change {
  /** 1, 2, 3 … in the order in which the changes were committed, without a gap. */
  readonly position: number
  /** Random and unique, also among changes with the same position in another copy of the database. */
  readonly token: string
  readonly at: Date
  /** The audit action: `key.revoked`. */
  readonly action: string
}

/**
 * A position in the outbox, with the identity of the outbox. A position alone fits every copy of the database: after a
 * failover that lost commits, or a restore, other changes have the same positions.
 */
export interface Bookmark {
  /** Of the last change read; 0 before the first. */
  readonly position: number
  /** Of that change. */
  readonly token: string
  /**
   * Start time of the Postgres server. A standby that takes over has another, so records are dropped too that were looked
   * up ahead of the position, from commits that are lost.
   */
  readonly run: string
}

/** Why a listener must drop its cache: another outbox is read now, or changes were deleted before they were read. */
export type RestartReason = 'another_log' | 'changes_missed'

/** Changes after a bookmark; or, if the outbox is no longer the bookmark's, the position to continue from. */
export type ChangesRead =
  | { readonly changes: readonly StoredChange[]; readonly restarted: null }
  | { readonly changes: readonly []; readonly restarted: RestartReason; readonly last: Bookmark }

/** The credentials whose verdicts a change alters; `ended` if it ended them for good. */
export type AlteredVerdicts = 'everything' | (VerdictsOf & { readonly ended?: Change['ended'] })

/** Names the verdicts of some credentials by what the credentials hang from. */
export type VerdictsOf =
  /** All secrets of a key, of an admin key, or of a client. */
  | { readonly holderId: string }
  /** One secret. */
  | { readonly secretId: string }
  /** Some secrets, of any holders. */
  | { readonly secretIds: readonly string[] }
  /** All tokens that a client was ever given. No verifier knows its secrets. */
  | { readonly clientId: string }
  /** All keys of an owner, all tokens for its data, and all of its own clients, which are suspended with it. */
  | { readonly ownerId: string }
  /** The tokens of some grants. */
  | { readonly grantIds: readonly string[] }
  /** The tokens of one authorization code. */
  | { readonly familyId: string }
  /** One access token, by its stored hash. */
  | { readonly tokenHash: Uint8Array }

/**
 * Most hashes of one change. Beyond, it names their owners or clients instead, and with more ids than this it reaches
 * "everything". The bound is on what one change costs every server and every stream.
 */
export const MAX_HASHES = 200

/** Retention of changes, in seconds. A listener that was away for longer drops its cache and asks again. */
export const KEPT_SECONDS = 3600

/** NOTIFY wakes readers of the outbox on this channel. It is a hint: the guarantee is that they read every second. */
export const CHANNEL = 'doorward_changes'
