import type { Ended } from '../verdict/refusal.ts'

/** Something that can alter verdicts: a key revoked, an owner suspended, a scope narrowed. */
export interface Change {
  /** Of the credentials that it is about, as 64 hex digits; null for all, or for all of `holders`. */
  readonly hashes: readonly string[] | null
  /** Whose credentials it is about, where it is about all of theirs. */
  readonly holders?: ChangedHolders | null | undefined
  /** Set where it ended them for good. */
  readonly ended: Ended | null
}

/** Owners, of whose keys and tokens all may have changed, and clients, of whose tokens. */
export interface ChangedHolders {
  readonly ownerIds: readonly string[]
  readonly clientIds: readonly string[]
}

/** Who keeps something that changes can make untrue. */
export interface ChangesListener {
  changed(change: Change): void
  /** Every change up to this moment has been told; ms on the steady clock of this process, and never ahead of it. */
  confirmed(atMs: number): void
  /** Changes may have been missed: nothing that is kept can be trusted. */
  restarted(): void
}

/** A running subscription to changes. */
export interface Following {
  close(): void
}
