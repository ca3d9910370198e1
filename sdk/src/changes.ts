import type { Ended } from './refusal.ts'

/** Something that can alter verdicts: a key revoked, an owner suspended, a scope narrowed. */
export interface Change {
  /** Of the credentials that it is about, as 64 hex digits; null for all. */
  readonly hashes: readonly string[] | null
  /** Set where it ended them for good. */
  readonly ended: Ended | null
}

/** Who keeps something that changes can make untrue. */
export interface ChangesListener {
  changed(change: Change): void
  /** Every change up to this moment has been told; ms on the steady clock of this process. */
  confirmed(atMs: number): void
  /** Changes may have been missed: nothing that is kept can be trusted. */
  restarted(): void
}

/** A running subscription to changes. */
export interface Following {
  close(): void
}
