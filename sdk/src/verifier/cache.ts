import type { ChangedHolders } from '../source/changes.ts'
import { NEVER, pastDeadline } from '../verdict/lifetime.ts'
import { type CredentialRecord, type Principal, toPrincipal } from '../verdict/record.ts'
import type { Ended } from '../verdict/refusal.ts'
import { copyOf } from './bytes.ts'
import { type CacheLimits, checkedLimits } from './cache-limits.ts'
import { DigestTable, type Float64Field, type Int32Field, NO_SLOT, type Slot } from './digest-table.ts'
import { type InternedProfile, InternedProfiles } from './interned-profiles.ts'
import { SlotCounters } from './slot-counters.ts'
import { UnknownHashes } from './unknown-hashes.ts'

/** Bytes of a row, its share of the buckets, its two ids as text, and the reference to its profile. */
const BYTES_OF_ENTRY = 190
/** Bytes of an end with its time, and its place in the map. */
const BYTES_OF_END = 200

/** Fields of a row; `SlotCounters` has the others. */
const STATE = 0 as Int32Field
/** Times in ms. */
const EXPIRES_AT = 0 as Float64Field
const RETIRES_AT = 1 as Float64Field
const ASKED_AT = 2 as Float64Field
/** Flags of `STATE`. Used since the hand of the CLOCK came by. */
const USED = 1
/** There is an end, in `#ends`. */
const ENDED = 2
/** The end cannot be undone. */
const FINAL = 4

/** Returned by {@link RecordCache.find} where the source must be asked. */
export const MISSING = NO_SLOT
/** Returned by {@link RecordCache.find} for a hash that no credential has. */
export const UNKNOWN = -2 as Slot

/**
 * Caches records by digest. A record may be used for `maxStalenessMs` from when it was asked for, or from when the feed
 * of changes last confirmed that none was missed (see {@link confirm}).
 *
 * - An end that cannot be undone stays: a slow older answer never revives what was revoked.
 * - An older answer never replaces a newer one.
 * - Known and unknown hashes are kept apart: see {@link UnknownHashes}.
 * - CLOCK eviction: a record that was used since the hand came by last is spared once.
 *
 * All times, save those of a record, are of a monotonic clock.
 */
export class RecordCache {
  /** Called before a record leaves its slot, and before all do. */
  onEvict: { readonly one: (slot: Slot) => void; readonly all: () => void } | null = null
  readonly #table = new DigestTable()
  readonly counters = new SlotCounters(this.#table)
  readonly #profiles = new InternedProfiles()
  /** By slot; undefined where there is no row. */
  #profileOf: (InternedProfile | undefined)[] = []
  /** Two for each slot: the secret's id and the key's. */
  #ids: (string | undefined)[] = []
  readonly #ends = new Map<Slot, Ended>()
  readonly #unknown: UnknownHashes
  readonly #maxStalenessMs: number
  readonly #maxEntries: number
  readonly #maxBytes: number
  #confirmedAtMs = Number.NEGATIVE_INFINITY
  /** Where the CLOCK's hand is: the slot that is looked at next. */
  #hand = 0

  /** @throws RangeError where a record could outlive 5 seconds, or none could be kept */
  constructor(limits: CacheLimits = {}) {
    const { maxStalenessMs, maxEntries, maxBytes } = checkedLimits(limits)
    this.#maxStalenessMs = maxStalenessMs
    this.#maxEntries = maxEntries
    this.#maxBytes = maxBytes
    this.#unknown = new UnknownHashes(maxEntries)
  }

  /**
   * Fast path: the slot of a record that may be used; {@link UNKNOWN} for a hash that no credential has, {@link MISSING}
   * where the source must be asked.
   *
   * A slot is the record's until something is set, ended or forgotten, which can be in any other turn of the event loop:
   * use it before the next `await`. After one, ask by digest or count by id.
   *
   * @param moreMs accepts a record that is older by so much
   */
  find(digest: string, nowMs: number, moreMs = 0): Slot {
    const maxAgeMs = this.#maxStalenessMs + moreMs
    const slot = this.#table.find(digest)
    if (slot === NO_SLOT) return this.#findUnknown(digest, nowMs, maxAgeMs)
    // Both are always there. Read here, they come from memory while the row still does.
    const profile = this.#profileOf[slot]
    if (profile === undefined || this.#ids[slot * 2] === undefined) return MISSING
    const state = this.#table.integer(slot, STATE)
    if ((state & FINAL) === 0) {
      if (profile.isInvalidated) return MISSING
      if (!this.#isFresh(this.#table.number(slot, ASKED_AT), nowMs, maxAgeMs)) return MISSING
    }
    if ((state & USED) === 0) this.#table.setInteger(slot, STATE, state | USED)
    return slot
  }

  /** @throws RangeError where there is no record in the slot; so do the methods below */
  profileAt(slot: Slot): InternedProfile {
    const profile = this.#profileOf[slot]
    if (profile === undefined) throw new RangeError('this slot is empty')
    return profile
  }

  /** Why the credential is not active any more, or null. */
  endedAt(slot: Slot, nowMs: number): Ended | null {
    const table = this.#table
    if ((table.integer(slot, STATE) & ENDED) !== 0) return this.#ends.get(slot) ?? null
    return pastDeadline(table.number(slot, RETIRES_AT), table.number(slot, EXPIRES_AT), nowMs)
  }

  principalAt(slot: Slot): Principal {
    const expiresAt = dateOf(this.#table.number(slot, EXPIRES_AT))
    const profile = this.profileAt(slot)
    return toPrincipal(profile, profile.scopesView, this.credentialIdAt(slot), this.#keyIdAt(slot), expiresAt)
  }

  /** The end of the overlap; null while nothing replaces the secret. */
  retiresAt(slot: Slot): Date | null {
    return dateOf(this.#table.number(slot, RETIRES_AT))
  }

  recordAt(slot: Slot): CredentialRecord {
    const { key, parts, scopesView, references, isInvalidated, ...profile } = this.profileAt(slot)
    return {
      ...profile,
      credentialId: this.credentialIdAt(slot),
      keyId: this.#keyIdAt(slot),
      ended: this.#ends.get(slot) ?? null,
      retiresAt: this.retiresAt(slot),
      expiresAt: dateOf(this.#table.number(slot, EXPIRES_AT)),
    }
  }

  credentialIdAt(slot: Slot): string {
    const id = this.#ids[slot * 2]
    if (id === undefined) throw new RangeError('this slot is empty')
    return id
  }

  /** The record, null for a hash that no credential has, undefined where the source must be asked. */
  get(digest: string, nowMs: number, moreMs = 0): CredentialRecord | null | undefined {
    const slot = this.find(digest, nowMs, moreMs)
    return slot === MISSING ? undefined : slot === UNKNOWN ? null : this.recordAt(slot)
  }

  /** Stores an answer of the source, unless there is a newer one or an end that cannot be undone. */
  set(digest: string, record: CredentialRecord | null, askedAtMs: number): void {
    const slot = this.#table.find(digest)
    if (slot !== NO_SLOT) {
      const isFinal = (this.#table.integer(slot, STATE) & FINAL) !== 0
      if (isFinal || this.#table.number(slot, ASKED_AT) > askedAtMs) return
      this.#remove(slot)
    }
    this.#unknown.delete(digest)
    if (record === null) this.#unknown.add(digest, askedAtMs)
    else this.#add(digest, record, askedAtMs)
  }

  /**
   * Overwrites a record with an end that cannot be undone. It is not deleted: the answer to a lookup that is under way
   * would fill the gap with what was true before.
   */
  end(digest: string, ended: Ended): void {
    const slot = this.#table.find(digest)
    if (slot === NO_SLOT) this.#unknown.delete(digest)
    else {
      this.#table.setInteger(slot, STATE, this.#table.integer(slot, STATE) | ENDED | FINAL)
      this.#ends.set(slot, ended)
    }
  }

  /** Drops a record, unless its end cannot be undone. */
  forget(digest: string): void {
    const slot = this.#table.find(digest)
    if (slot === NO_SLOT) this.#unknown.delete(digest)
    else if ((this.#table.integer(slot, STATE) & FINAL) === 0) this.#remove(slot)
  }

  /** Invalidates the records of some owners and clients, save ends that cannot be undone. Takes time for each of their profiles. */
  invalidate(holders: ChangedHolders): void {
    this.#profiles.invalidate(holders)
  }

  /** Drops everything but ends that cannot be undone, which stay even where the source has lost them. */
  clear(): void {
    this.onEvict?.all()
    const kept = [...this.#ends.keys()].filter((slot) => (this.#table.integer(slot, STATE) & FINAL) !== 0)
    const ended = kept.map((slot) => ({ digest: this.#table.digestAt(slot), record: this.recordAt(slot) }))
    this.#table.clear()
    this.#profiles.clear()
    this.#profileOf = []
    this.#ids = []
    this.#ends.clear()
    this.#unknown.clear()
    this.#hand = 0
    for (const { digest, record } of ended) {
      const slot = this.#add(digest, record, Number.NEGATIVE_INFINITY)
      this.#table.setInteger(slot, STATE, ENDED | FINAL)
    }
  }

  /**
   * Notes that every change up to this time has been received, so all records here were true then. A time ahead of now
   * counts as now: its clock was measured wrong, and must not vouch for the time to come.
   */
  confirm(atMs: number, nowMs: number): void {
    this.#confirmedAtMs = Math.max(this.#confirmedAtMs, Math.min(atMs, nowMs))
  }

  get size(): number {
    return this.#table.size + this.#unknown.size
  }

  /** About how many bytes it takes. */
  get bytes(): number {
    return (
      this.#table.size * BYTES_OF_ENTRY +
      this.#ends.size * BYTES_OF_END +
      this.#profiles.bytes +
      this.#unknown.bytes
    )
  }

  #findUnknown(digest: string, nowMs: number, maxAgeMs: number): Slot {
    const askedAtMs = this.#unknown.askedAtMs(digest)
    return askedAtMs !== undefined && this.#isFresh(askedAtMs, nowMs, maxAgeMs) ? UNKNOWN : MISSING
  }

  #keyIdAt(slot: Slot): string | null {
    return this.#ids[slot * 2 + 1] ?? null
  }

  #isFresh(askedAtMs: number, nowMs: number, maxAgeMs: number): boolean {
    const age = nowMs - Math.max(askedAtMs, this.#confirmedAtMs)
    return age >= 0 && age < maxAgeMs
  }

  #add(digest: string, record: CredentialRecord, askedAtMs: number): Slot {
    const profile = this.#profiles.intern(record)
    while (this.#table.size > 0 && (this.#table.size >= this.#maxEntries || this.bytes > this.#maxBytes))
      this.#evict()
    const slot = this.#table.add(digest)
    this.#profileOf[slot] = profile
    this.#ids[slot * 2] = copyOf(record.credentialId)
    this.#ids[slot * 2 + 1] = record.keyId === null ? undefined : copyOf(record.keyId)
    const { ended } = record
    if (ended !== null) this.#ends.set(slot, ended)
    const flags = USED | (ended === null ? 0 : ENDED) | (isFinal(record) ? FINAL : 0)
    this.#table.setNumber(slot, EXPIRES_AT, record.expiresAt?.getTime() ?? NEVER)
    this.#table.setNumber(slot, RETIRES_AT, record.retiresAt?.getTime() ?? NEVER)
    this.#table.setNumber(slot, ASKED_AT, askedAtMs)
    this.#table.setInteger(slot, STATE, flags)
    return slot
  }

  /** CLOCK eviction: the hand goes round, clears the used flag where it is set, and evicts the first record without it. */
  #evict(): void {
    for (;;) {
      const slot = this.#hand as Slot
      this.#hand = slot + 1 < this.#table.slots ? slot + 1 : 0
      if (this.#profileOf[slot] === undefined) continue
      const state = this.#table.integer(slot, STATE)
      if ((state & USED) === 0) {
        this.#remove(slot)
        return
      }
      this.#table.setInteger(slot, STATE, state & ~USED)
    }
  }

  #remove(slot: Slot): void {
    this.onEvict?.one(slot)
    this.#profiles.release(this.profileAt(slot))
    this.#profileOf[slot] = undefined
    this.#ids[slot * 2] = undefined
    this.#ids[slot * 2 + 1] = undefined
    this.#ends.delete(slot)
    this.#table.remove(slot)
  }
}

/**
 * An end is final where an action that cannot be undone made it. A deadline that has passed by the source's clock is not:
 * by another clock it has not yet, and there it can still be put off.
 */
function isFinal({ ended, retiresAt }: CredentialRecord): boolean {
  if (ended?.reason === 'rotated') return ended.at.getTime() !== retiresAt?.getTime()
  return ended?.reason === 'revoked'
}

function dateOf(ms: number): Date | null {
  return ms === NEVER ? null : new Date(ms)
}
