import type { Ended } from '../verdict/refusal.ts'

/** A change that can alter verdicts: a key revoked, an owner suspended, a scope narrowed. */
export interface Change {
  /** Hashes of the changed credentials, as 64 hex digits; null for all credentials, or for all of `holders`. */
  readonly hashes: readonly string[] | null
  /** The owners and clients whose credentials have all changed. */
  readonly holders?: ChangedHolders | null | undefined
  /** Set where the change ended the credentials and cannot be undone. */
  readonly ended: Ended | null
}

/** Owners of whom all keys and tokens may have changed, and clients of whom all tokens. */
export interface ChangedHolders {
  readonly ownerIds: readonly string[]
  readonly clientIds: readonly string[]
}

/** A cache that changes can make untrue. */
export interface ChangesListener {
  /**
   * Longest use of what is cached after the last confirmation, in ms, whatever breaks: a source may report it. Missing: it
   * is not known.
   */
  readonly boundMs?: number | undefined
  changed(change: Change): void
  /** Called when every change up to a time was received; ms on the monotonic clock of this process, never ahead of it. */
  confirmed(atMs: number): void
  /** Called when changes may have been missed: nothing that is cached can be trusted. */
  restarted(): void
}

/** A running subscription to changes. */
export interface Following {
  /** Resolves once the source knows that it ended, where it is to know. Never rejects. */
  close(): void | Promise<void>
}
