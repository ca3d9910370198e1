import type { ChangedHolders } from '../source/changes.ts'
import { NEVER, pastDeadline } from '../verdict/lifetime.ts'
import { type CredentialRecord, type Principal, toPrincipal } from '../verdict/record.ts'
import type { Ended } from '../verdict/refusal.ts'
import { copyOf } from './bytes.ts'
import { HashRows } from './hash-rows.ts'
import { type HeldProfile, Profiles } from './profiles.ts'
import type { CountingPlaces } from './usage-by-place.ts'

export interface CacheLimits {
  /** How long an answer may be used that nobody confirms, in ms from when it was asked for. Default and maximum 5000. */
  readonly maxStalenessMs?: number | undefined
  /** Known credentials kept. Default 100,000. Unknown ones have room of their own, at most 10,000. */
  readonly maxEntries?: number | undefined
  /** About how much memory they may take. Default 64 MB, which is some 350,000 keys of a few owners. */
  readonly maxBytes?: number | undefined
}

export const MAX_STALENESS_MS = 5_000
const DEFAULT_ENTRIES = 100_000
const DEFAULT_BYTES = 64 * 1024 * 1024
const MAX_UNKNOWN_ENTRIES = 10_000

/** A row, its share of the slots, its two ids as text, and where its profile is. */
const BYTES_OF_ENTRY = 190
/** An end with its moment, and its place in the list. */
const BYTES_OF_END = 200

/**
 * The whole numbers of a row. `STATE` are three flags: used since the hand came by; there is an end; it cannot be undone.
 * `MARK` and `CALLS` are for who counts.
 */
const STATE = 0
const MARK = 1
const CALLS = 2
/** Its other numbers: moments in ms. */
const EXPIRES_AT = 0
const RETIRES_AT = 1
const ASKED_AT = 2
const COUNTED_AT = 3
const USED = 1
const ENDED = 2
const FINAL = 4

/** What {@link RecordCache.find} gives where there is no place. */
export const MISSING = -1
export const NOBODYS = -2

/**
 * What is known of credentials, by digest. An answer is good for `maxStalenessMs` from when it was asked for, or, while
 * somebody tells of every change (see {@link confirm}), from when they last said so.
 *
 * - An end that cannot be undone stays: a slow older answer never revives what was revoked.
 * - An older answer never replaces a newer one.
 * - Known and unknown hashes are kept apart, so that a flood of well-formed garbage pushes out only other garbage.
 * - What goes first, where there is no more room, is what was not used since the last round.
 *
 * All moments, save those of a record, are of a clock that only goes forward.
 */
export class RecordCache implements CountingPlaces {
  leaving: CountingPlaces['leaving'] = null
  readonly #rows = new HashRows()
  readonly #profiles = new Profiles()
  /** Of each row; undefined where nobody is. */
  #profileAt: (HeldProfile | undefined)[] = []
  /** Two for each row: the secret's and the key's. */
  #ids: (string | undefined)[] = []
  readonly #ends = new Map<number, Ended>()
  /** Hashes that nobody has, with when each was asked for. */
  readonly #unknown = new HashRows()
  readonly #maxStalenessMs: number
  readonly #maxEntries: number
  readonly #maxBytes: number
  #confirmedAtMs = Number.NEGATIVE_INFINITY
  #hand = 0
  #unknownHand = 0

  /** @throws RangeError where an answer could outlive 5 seconds, or nothing could be kept */
  constructor(limits: CacheLimits = {}) {
    const {
      maxStalenessMs = MAX_STALENESS_MS,
      maxEntries = DEFAULT_ENTRIES,
      maxBytes = DEFAULT_BYTES,
    } = limits
    if (!(maxStalenessMs >= 0 && maxStalenessMs <= MAX_STALENESS_MS))
      throw new RangeError(`maxStalenessMs must be from 0 to ${MAX_STALENESS_MS}`)
    if (!(Number.isInteger(maxEntries) && maxEntries > 0))
      throw new RangeError('maxEntries must be a whole number above 0')
    if (!(maxBytes >= 100_000)) throw new RangeError('maxBytes must be at least 100000')
    this.#maxStalenessMs = maxStalenessMs
    this.#maxEntries = maxEntries
    this.#maxBytes = maxBytes
  }

  /**
   * The place of a record that may be used; {@link NOBODYS} for a hash that is known not to exist, {@link MISSING} where
   * it must be asked for.
   *
   * A place is the record's until something is put in, ended or forgotten, which can be in any other turn of the event
   * loop: what is found here must be used before the next `await`. After one, ask by digest or count by id.
   *
   * @param moreMs for who accepts an answer that is older by so much
   */
  find(digest: string, nowMs: number, moreMs = 0): number {
    const goodForMs = this.#maxStalenessMs + moreMs
    const place = this.#rows.find(digest)
    if (place === -1) {
      const unknown = this.#unknown.find(digest)
      if (unknown === -1) return MISSING
      return this.#isGood(this.#unknown.number(unknown, ASKED_AT), nowMs, goodForMs) ? NOBODYS : MISSING
    }
    // Always there; but asked for now, they come from memory while the row still does.
    const profile = this.#profileAt[place]
    if (profile === undefined || this.#ids[place * 2] === undefined) return MISSING
    const state = this.#rows.integer(place, STATE)
    if ((state & FINAL) === 0) {
      if (profile.isOutdated) return MISSING
      if (!this.#isGood(this.#rows.number(place, ASKED_AT), nowMs, goodForMs)) return MISSING
    }
    if ((state & USED) === 0) this.#rows.setInteger(place, STATE, state | USED)
    return place
  }

  /** What is known at a place that was just found; so are those below. */
  profileAt(place: number): HeldProfile {
    const profile = this.#profileAt[place]
    if (profile === undefined) throw new RangeError('nobody is at this place')
    return profile
  }

  /** Why it is over, or null. */
  endedAt(place: number, nowMs: number): Ended | null {
    const rows = this.#rows
    if ((rows.integer(place, STATE) & ENDED) !== 0) return this.#ends.get(place) ?? null
    return pastDeadline(rows.number(place, RETIRES_AT), rows.number(place, EXPIRES_AT), nowMs)
  }

  principalAt(place: number): Principal {
    const expiresAt = momentOf(this.#rows.number(place, EXPIRES_AT))
    const profile = this.profileAt(place)
    return toPrincipal(
      profile,
      profile.shownScopes,
      this.credentialIdAt(place),
      this.#keyIdAt(place),
      expiresAt,
    )
  }

  recordAt(place: number): CredentialRecord {
    const { text, parts, shownScopes, holders, isOutdated, ...profile } = this.profileAt(place)
    return {
      ...profile,
      credentialId: this.credentialIdAt(place),
      keyId: this.#keyIdAt(place),
      ended: this.#ends.get(place) ?? null,
      retiresAt: momentOf(this.#rows.number(place, RETIRES_AT)),
      expiresAt: momentOf(this.#rows.number(place, EXPIRES_AT)),
    }
  }

  credentialIdAt(place: number): string {
    const id = this.#ids[place * 2]
    if (id === undefined) throw new RangeError('nobody is at this place')
    return id
  }

  markAt(place: number): number {
    return this.#rows.integer(place, MARK)
  }

  setMark(place: number, mark: number): void {
    this.#rows.setInteger(place, MARK, mark)
  }

  count(place: number, atMs: number): void {
    this.#rows.setInteger(place, CALLS, this.#rows.integer(place, CALLS) + 1)
    this.#rows.setNumber(place, COUNTED_AT, atMs)
  }

  takeCount(place: number): number {
    const calls = this.#rows.integer(place, CALLS)
    this.#rows.setInteger(place, CALLS, 0)
    return calls
  }

  countedAt(place: number): number {
    return this.#rows.number(place, COUNTED_AT)
  }

  /** The record, null for a hash that is known not to exist, undefined where it must be asked for. */
  get(digest: string, nowMs: number, moreMs = 0): CredentialRecord | null | undefined {
    const place = this.find(digest, nowMs, moreMs)
    return place === MISSING ? undefined : place === NOBODYS ? null : this.recordAt(place)
  }

  /** Takes an answer. It is passed over where a newer one is there, or an end that cannot be undone. */
  set(digest: string, record: CredentialRecord | null, askedAtMs: number): void {
    const place = this.#rows.find(digest)
    if (place !== -1) {
      const isOver = (this.#rows.integer(place, STATE) & FINAL) !== 0
      if (isOver || this.#rows.number(place, ASKED_AT) > askedAtMs) return
      this.#remove(place)
    }
    this.#forgetUnknown(digest)
    if (record === null) this.#addUnknown(digest, askedAtMs)
    else this.#add(digest, record, askedAtMs)
  }

  /** Overwrites what is known with an end that cannot be undone. */
  end(digest: string, ended: Ended): void {
    const place = this.#rows.find(digest)
    if (place === -1) this.#forgetUnknown(digest)
    else {
      this.#rows.setInteger(place, STATE, this.#rows.integer(place, STATE) | ENDED | FINAL)
      this.#ends.set(place, ended)
    }
  }

  /** Has it asked for anew, unless it is over for good. */
  forget(digest: string): void {
    const place = this.#rows.find(digest)
    if (place === -1) this.#forgetUnknown(digest)
    else if ((this.#rows.integer(place, STATE) & FINAL) === 0) this.#remove(place)
  }

  /** Has all asked for anew that is some owners' or clients', unless it is over for good. Costs as much as their profiles. */
  outdate(holders: ChangedHolders): void {
    this.#profiles.outdate(holders)
  }

  /** Has everything asked for anew. Ends that cannot be undone stay, also where the source has forgotten them. */
  clear(): void {
    this.leaving?.all()
    const kept = [...this.#ends.keys()].filter((place) => (this.#rows.integer(place, STATE) & FINAL) !== 0)
    const ended = kept.map((place) => ({ digest: this.#rows.hashAt(place), record: this.recordAt(place) }))
    this.#rows.clear()
    this.#profiles.clear()
    this.#profileAt = []
    this.#ids = []
    this.#ends.clear()
    this.#unknown.clear()
    this.#hand = 0
    this.#unknownHand = 0
    for (const { digest, record } of ended) {
      const place = this.#add(digest, record, Number.NEGATIVE_INFINITY)
      this.#rows.setInteger(place, STATE, ENDED | FINAL)
    }
  }

  /**
   * Every change up to this moment has been told, so all that is here was true then. A moment ahead of now counts as
   * now: it comes of a clock that was measured wrong, and must not vouch for the time to come.
   */
  confirm(atMs: number, nowMs: number): void {
    this.#confirmedAtMs = Math.max(this.#confirmedAtMs, Math.min(atMs, nowMs))
  }

  get size(): number {
    return this.#rows.size + this.#unknown.size
  }

  /** About how much memory is taken. */
  get bytes(): number {
    return (
      this.#rows.size * BYTES_OF_ENTRY +
      this.#ends.size * BYTES_OF_END +
      this.#profiles.bytes +
      this.#unknown.size * 120
    )
  }

  #keyIdAt(place: number): string | null {
    return this.#ids[place * 2 + 1] ?? null
  }

  #isGood(askedAtMs: number, nowMs: number, goodForMs: number): boolean {
    const age = nowMs - Math.max(askedAtMs, this.#confirmedAtMs)
    return age >= 0 && age < goodForMs
  }

  #add(digest: string, record: CredentialRecord, askedAtMs: number): number {
    const profile = this.#profiles.hold(record)
    while (this.#rows.size > 0 && (this.#rows.size >= this.#maxEntries || this.bytes > this.#maxBytes))
      this.#evict()
    const place = this.#rows.add(digest)
    this.#profileAt[place] = profile
    this.#ids[place * 2] = copyOf(record.credentialId)
    this.#ids[place * 2 + 1] = record.keyId === null ? undefined : copyOf(record.keyId)
    const { ended } = record
    if (ended !== null) this.#ends.set(place, ended)
    const flags = USED | (ended === null ? 0 : ENDED) | (isFinal(record) ? FINAL : 0)
    this.#rows.setNumber(place, EXPIRES_AT, record.expiresAt?.getTime() ?? NEVER)
    this.#rows.setNumber(place, RETIRES_AT, record.retiresAt?.getTime() ?? NEVER)
    this.#rows.setNumber(place, ASKED_AT, askedAtMs)
    this.#rows.setInteger(place, STATE, flags)
    return place
  }

  /** Where there is no more room, whoever is next in line goes: the one that came first, or about so. */
  #addUnknown(digest: string, askedAtMs: number): void {
    const most = Math.min(this.#maxEntries, MAX_UNKNOWN_ENTRIES)
    if (this.#unknown.size >= most) {
      this.#unknown.remove(this.#unknownHand)
      this.#unknownHand = (this.#unknownHand + 1) % most
    }
    this.#unknown.setNumber(this.#unknown.add(digest), ASKED_AT, askedAtMs)
  }

  #forgetUnknown(digest: string): void {
    const place = this.#unknown.find(digest)
    if (place !== -1) this.#unknown.remove(place)
  }

  /** The hand goes round; who was used since it came by last is spared once. */
  #evict(): void {
    for (;;) {
      const place = this.#hand
      this.#hand = place + 1 < this.#rows.places ? place + 1 : 0
      if (this.#profileAt[place] === undefined) continue
      const state = this.#rows.integer(place, STATE)
      if ((state & USED) === 0) {
        this.#remove(place)
        return
      }
      this.#rows.setInteger(place, STATE, state & ~USED)
    }
  }

  #remove(place: number): void {
    this.leaving?.one(place)
    this.#profiles.release(this.profileAt(place))
    this.#profileAt[place] = undefined
    this.#ids[place * 2] = undefined
    this.#ids[place * 2 + 1] = undefined
    this.#ends.delete(place)
    this.#rows.remove(place)
  }
}

/**
 * Whether an end stands for ever: a deed that nobody can undo, and not a deadline that has passed by the source's clock.
 * By another clock it has not yet, and there it can still be put off.
 */
function isFinal({ ended, retiresAt }: CredentialRecord): boolean {
  if (ended?.reason === 'rotated') return ended.at.getTime() !== retiresAt?.getTime()
  return ended?.reason === 'revoked'
}

function momentOf(ms: number): Date | null {
  return ms === NEVER ? null : new Date(ms)
}
