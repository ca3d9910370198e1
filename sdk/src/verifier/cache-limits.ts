export interface CacheLimits {
  /**
   * Longest use of a record that no source has confirmed, in ms from when it was asked for. Default and maximum 5000.
   */
  readonly maxStalenessMs?: number | undefined
  /** Records kept. Default 100,000. Unknown hashes have room of their own, for at most 10,000. */
  readonly maxEntries?: number | undefined
  /** About how many bytes they may take. Default 64 MB, which is some 350,000 keys of a few owners. */
  readonly maxBytes?: number | undefined
}

export const MAX_STALENESS_MS = 5_000
const DEFAULT_ENTRIES = 100_000
const DEFAULT_BYTES = 64 * 1024 * 1024

/** Fills in the defaults. @throws RangeError where a record could outlive 5 seconds, or none could be kept */
export function checkedLimits({
  maxStalenessMs = MAX_STALENESS_MS,
  maxEntries = DEFAULT_ENTRIES,
  maxBytes = DEFAULT_BYTES,
}: CacheLimits) {
  if (!(maxStalenessMs >= 0 && maxStalenessMs <= MAX_STALENESS_MS))
    throw new RangeError(`maxStalenessMs must be from 0 to ${MAX_STALENESS_MS}`)
  if (!(Number.isInteger(maxEntries) && maxEntries > 0))
    throw new RangeError('maxEntries must be a whole number above 0')
  if (!(maxBytes >= 100_000)) throw new RangeError('maxBytes must be at least 100000')
  return { maxStalenessMs, maxEntries, maxBytes }
}
