import { digestOfHex } from '../credential/digest.ts'
import type { ChangedHolders, ChangesListener } from '../source/changes.ts'
import type { RecordCache } from './cache.ts'
import type { Lookups } from './lookups.ts'

/** After a longer gap between confirmations, records from before it are asked for again. */
const LONG_GAP_MS = 60_000

interface AppliedChanges {
  readonly listener: ChangesListener
  /** Drops all records, and all answers that are under way. */
  dropAll(): void
  /**
   * The time when it was last certain that no change was missed, on the monotonic clock; -Infinity before the first
   * time.
   */
  readonly confirmedAtMs: number
  /** The number of times that everything was dropped because changes may have been missed. */
  readonly restarts: number
}

/**
 * Applies changes to the cache and to the lookups under way: an answer that was asked for before a change may not be
 * used after it.
 *
 * @param steady milliseconds on a monotonic clock
 * @param onConfirmed called at each confirmation, with the time now
 * @param boundMs longest use of a record after the last confirmation, in ms
 */
export function applyChanges(
  cache: RecordCache,
  lookups: Lookups,
  steady: () => number,
  onConfirmed: (nowMs: number) => void,
  boundMs: number,
): AppliedChanges {
  let confirmedAtMs = Number.NEGATIVE_INFINITY
  let restarts = 0

  const dropAll = (): void => {
    cache.clear()
    lookups.invalidate(null)
  }
  const invalidate = (holders: ChangedHolders): void => {
    cache.invalidate(holders)
    const [owners, clients] = [new Set(holders.ownerIds), new Set<string | null>(holders.clientIds)]
    lookups.invalidateWhere(({ ownerId, clientId }) => owners.has(ownerId) || clients.has(clientId))
  }
  const listener: ChangesListener = {
    boundMs,
    changed: ({ hashes, holders, ended }) => {
      if (hashes === null) return holders == null ? dropAll() : invalidate(holders)
      for (const hash of hashes) {
        const digest = digestOfHex(hash)
        if (ended === null) cache.forget(digest)
        else cache.end(digest, ended)
        lookups.invalidate(digest)
      }
    },
    confirmed: (saidAtMs) => {
      const nowMs = steady()
      const atMs = Math.min(saidAtMs, nowMs)
      if (Number.isFinite(confirmedAtMs) && atMs - confirmedAtMs > LONG_GAP_MS) listener.restarted()
      confirmedAtMs = Math.max(confirmedAtMs, atMs)
      cache.confirm(atMs, nowMs)
      onConfirmed(nowMs)
    },
    restarted: () => {
      restarts += 1
      dropAll()
    },
  }
  return {
    listener,
    dropAll,
    get confirmedAtMs() {
      return confirmedAtMs
    },
    get restarts() {
      return restarts
    },
  }
}
