import type { Change } from '@doorward/sdk/kernel'

/** A committed change that can alter verdicts, as the outbox keeps it. */
export interface StoredChange extends Change {
  /** 1, 2, 3 … in the order in which the changes were committed, without a gap. */
  readonly position: number
  readonly at: Date
  /** What was done, in the audit log's words: `key.revoked`. */
  readonly action: string
}

/** Whose verdicts are altered. */
export type About =
  | 'everything'
  /** All secrets of a key, of an admin key, or of a client. */
  | { readonly holderId: string }
  /** One secret of it. */
  | { readonly secretId: string }
  /** Some secrets, whatever holds them. */
  | { readonly secretIds: readonly string[] }
  /** All that was ever given to a client: its secrets, and its tokens. Where it may have tokens, told as "everything". */
  | { readonly clientId: string }
  /** All secrets of all keys of an owner, and all tokens that reach its data; the same. */
  | { readonly ownerId: string }
  /** The tokens of some grants: what users allowed apps. */
  | { readonly grantIds: readonly string[] }
  /** The tokens that one authorization code yielded. */
  | { readonly familyId: string }
  /** One access token, by the hash that is stored of it. */
  | { readonly tokenHash: Uint8Array }

/** More secrets than this in one change are told as "everything". */
export const MAX_HASHES = 1_000

/** How long a change is kept for those who were away, in seconds. Who was away for longer asks for everything anew. */
export const KEPT_SECONDS = 3600
