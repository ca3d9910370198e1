import type { CredentialRecord } from './record.ts'

export interface CacheLimits {
  /** How long an answer may be used, in ms from the moment it was asked for. Default and maximum 5000. */
  readonly maxStalenessMs?: number | undefined
  /** Known credentials kept. Default 50,000. Unknown ones have room of their own, at most 10,000. */
  readonly maxEntries?: number | undefined
}

export const MAX_STALENESS_MS = 5_000
const DEFAULT_ENTRIES = 50_000
const MAX_UNKNOWN_ENTRIES = 10_000

interface Entry {
  readonly record: CredentialRecord | null
  readonly askedAtMs: number
}

/**
 * Records by hash, for a few seconds. Known and unknown hashes are kept apart, so that a flood of well-formed garbage
 * pushes out only other garbage. The oldest goes first.
 *
 * The age of an answer counts from when it was asked for: the database may have changed while it was under way.
 */
export class RecordCache {
  readonly #known = new Map<string, Entry>()
  readonly #unknown = new Map<string, Entry>()
  readonly #maxStalenessMs: number
  readonly #maxEntries: number

  /** @throws RangeError where an answer could outlive 5 seconds */
  constructor({ maxStalenessMs = MAX_STALENESS_MS, maxEntries = DEFAULT_ENTRIES }: CacheLimits = {}) {
    if (!(maxStalenessMs >= 0 && maxStalenessMs <= MAX_STALENESS_MS))
      throw new RangeError(`maxStalenessMs must be from 0 to ${MAX_STALENESS_MS}`)
    if (!(Number.isInteger(maxEntries) && maxEntries > 0))
      throw new RangeError('maxEntries must be a whole number above 0')
    this.#maxStalenessMs = maxStalenessMs
    this.#maxEntries = maxEntries
  }

  /** The record, null for a hash that is known not to exist, undefined where it must be asked for. */
  get(hash: string, nowMs: number): CredentialRecord | null | undefined {
    const entry = this.#known.get(hash) ?? this.#unknown.get(hash)
    if (entry === undefined) return undefined
    const age = nowMs - entry.askedAtMs
    return age >= 0 && age < this.#maxStalenessMs ? entry.record : undefined
  }

  set(hash: string, record: CredentialRecord | null, askedAtMs: number): void {
    this.forget(hash)
    const entries = record === null ? this.#unknown : this.#known
    const room = record === null ? Math.min(this.#maxEntries, MAX_UNKNOWN_ENTRIES) : this.#maxEntries
    if (entries.size >= room) {
      const [oldest] = entries.keys()
      if (oldest !== undefined) entries.delete(oldest)
    }
    entries.set(hash, { record, askedAtMs })
  }

  forget(hash: string): void {
    if (!this.#known.delete(hash)) this.#unknown.delete(hash)
  }

  clear(): void {
    this.#known.clear()
    this.#unknown.clear()
  }

  get size(): number {
    return this.#known.size + this.#unknown.size
  }
}
