import { BatchRefusedError } from '../source/source.ts'
import type { UsageCounter } from '../source/usage.ts'
import type { UsageBatch } from '../source/usage-batch.ts'

export interface FlushOptions {
  readonly counter: UsageCounter
  /**
   * Rejects where the batch may not have arrived; it is then sent again, under the same id. After a
   * {@link BatchRefusedError} for all of it, its halves are sent instead.
   */
  readonly send: (batch: UsageBatch) => Promise<void>
  /** Milliseconds between two deliveries: a crash loses the uses of that time. Default 2000. */
  readonly everyMs?: number
  /** Called for each delivery that fails, with the counts that are lost by it. */
  readonly onError: (error: unknown) => void
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

export interface Flushing {
  /** Stops the timer and delivers the rest; a failure is reported, and not retried. */
  close(): Promise<void>
}

/** The server recognises a batch for a day. A later one would count twice, so it is dropped before. */
const GIVE_UP_AFTER_MS = 12 * 3600 * 1000
/**
 * Splits of refused batches in one delivery: finds about six faulty items among a thousand. A server that takes nothing
 * must not get a request for each item.
 */
const MAX_SPLITS = 64

/** Delivers counts every few seconds, one batch at a time. The timer does not keep the process alive. */
export function flushEvery({
  counter,
  send,
  everyMs = 2_000,
  onError,
  now = Date.now,
}: FlushOptions): Flushing {
  let failing: { readonly id: string; readonly sinceMs: number } | null = null
  let running: Promise<void> | null = null

  /** Under traffic there are always new counts: unless it is the last delivery, they wait for the next. */
  const deliver = async (isLast: boolean): Promise<void> => {
    const { round } = counter
    let splits = 0
    const next = () => (isLast || counter.round === round || counter.isDelivering ? counter.take() : null)
    for (let batch = next(); batch !== null; batch = next()) {
      try {
        await send(batch)
      } catch (error) {
        if (error instanceof BatchRefusedError) {
          if (error.refusedCalls !== null) {
            counter.delivered(batch)
            counter.drop(error.refusedCalls)
            onError(lost(error.refusedCalls, error))
          } else if (splits >= MAX_SPLITS || !counter.split(batch))
            onError(lost(counter.giveUp(batch), error))
          else splits += 1
          // Only this batch is faulty: the next ones may be taken.
          continue
        }
        if (failing?.id !== batch.id) failing = { id: batch.id, sinceMs: now() }
        const isHopeless = now() - failing.sinceMs >= GIVE_UP_AFTER_MS
        onError(isHopeless ? lost(counter.giveUp(batch), error) : error)
        return
      }
      counter.delivered(batch)
    }
  }
  const flush = (isLast = false): Promise<void> => {
    running ??= deliver(isLast).finally(() => {
      running = null
    })
    return running
  }
  const timer = setInterval(() => void flush(), everyMs)
  timer.unref()
  return {
    close: async () => {
      clearInterval(timer)
      await running
      await flush(true)
    },
  }
}

function lost(calls: number, cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new Error(`usage counts of ${calls} verifications are lost: ${why}`, { cause })
}
