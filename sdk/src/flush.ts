import type { UsageBatch, UsageCounter } from './usage.ts'

export interface FlushOptions {
  readonly counter: UsageCounter
  /** Rejects where the batch may not have arrived; it then comes again, under the same id. */
  readonly send: (batch: UsageBatch) => Promise<void>
  /** Milliseconds between two deliveries, which is what a crash may lose. Default 2000. */
  readonly everyMs?: number
  /** Hears of each delivery that failed. */
  readonly onError: (error: unknown) => void
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

export interface Flushing {
  /** Stops the timer and delivers what is left; a failure is reported and lets go. */
  close(): Promise<void>
}

/** The server knows a batch again for a day; one that comes later would count twice, so it is given up before. */
const GIVE_UP_AFTER_MS = 12 * 3600 * 1000

/** Delivers what was counted every few seconds, one batch at a time. The timer keeps no process alive. */
export function flushEvery({
  counter,
  send,
  everyMs = 2_000,
  onError,
  now = Date.now,
}: FlushOptions): Flushing {
  let failing: { readonly id: string; readonly sinceMs: number } | null = null
  let running: Promise<void> | null = null

  const deliverAll = async (): Promise<void> => {
    for (let batch = counter.take(); batch !== null; batch = counter.take()) {
      try {
        await send(batch)
      } catch (error) {
        if (failing?.id !== batch.id) failing = { id: batch.id, sinceMs: now() }
        if (now() - failing.sinceMs >= GIVE_UP_AFTER_MS) counter.giveUp(batch)
        onError(error)
        return
      }
      counter.delivered(batch)
    }
  }
  const flush = (): Promise<void> => {
    running ??= deliverAll().finally(() => {
      running = null
    })
    return running
  }
  const timer = setInterval(flush, everyMs)
  timer.unref()
  return {
    close: async () => {
      clearInterval(timer)
      await running
      await flush()
    },
  }
}
