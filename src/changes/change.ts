import type { Change } from '@doorward/sdk/kernel'

/** A committed change that can alter verdicts, as the outbox keeps it. */
export interface StoredChange extends Change {
  /** 1, 2, 3 … in the order in which the changes were committed, without a gap. */
  readonly position: number
  /** Random: no other change has it, also not one that has the same position in another copy of the database. */
  readonly token: string
  readonly at: Date
  /** What was done, in the audit log's words: `key.revoked`. */
  readonly action: string
}

/**
 * A place in the outbox, with the identity of the outbox. A position alone fits every copy of the database: after a
 * failover that lost commits, or a restore, other changes stand at the same positions.
 */
export interface Bookmark {
  /** Of the last change that was read; 0 before the first. */
  readonly position: number
  /** Of that change. */
  readonly token: string
  /**
   * When the Postgres that was asked started. A standby that takes over has another, so a record that was looked up
   * ahead of the position, from commits that are lost, is dropped too.
   */
  readonly run: string
}

/** Why a listener has to drop what it keeps: another outbox is read now, or changes are no longer kept. */
export type RestartReason = 'another_log' | 'changes_missed'

/** What is read after a bookmark; or, where the outbox is not the bookmark's any more, where to go on. */
export type ChangesRead =
  | { readonly changes: readonly StoredChange[]; readonly restarted: null }
  | { readonly changes: readonly []; readonly restarted: RestartReason; readonly last: Bookmark }

/** Whose verdicts a change alters, and how they ended where they ended for good. */
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
 * More hashes than this are told as whose they are: by the ids of their owners or clients, and with more ids than this
 * as "everything". It bounds what one change costs every server and every stream.
 */
export const MAX_HASHES = 200

/** How long a change is kept for those who were away, in seconds. Who was away for longer asks for everything anew. */
export const KEPT_SECONDS = 3600

/** NOTIFY wakes readers of the outbox on this channel. It is a hint: the guarantee is that they read every second. */
export const CHANNEL = 'doorward_changes'
