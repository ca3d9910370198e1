import './runtime.ts'
import { RateLimiterRedis } from 'rate-limiter-flexible'
import { memoryLimiter } from './limits/memory-limiter.ts'
import { type Count, type Counter, hasRoom, type RateLimiter, type Taken } from './limits/rate-limiter.ts'
import { SourceUnavailableError } from './source/source.ts'
import { warnSparingly } from './source/warn.ts'

export interface RedisLimiterOptions {
  /**
   * A client of Redis or Valkey, which is yours to close: one of `ioredis`, best with `enableOfflineQueue: false`, or
   * any other that `rate-limiter-flexible` takes.
   */
  readonly redis: unknown
  /** In front of every key in Redis. Default `doorward`. */
  readonly keyPrefix?: string | undefined
  /**
   * What to do while Redis is away: `local`, the default, has each process count for itself, so that n of them allow up
   * to n times the limit; `refuse` answers 503; `allow` lets everything through.
   */
  readonly withoutRedis?: WithoutRedis | undefined
  /** For how long one question may take, in ms, until Redis is taken to be away. Default 250. */
  readonly timeoutMs?: number | undefined
  /** Hears why Redis is away. Default: a process warning, the same one once a minute at most. */
  readonly onError?: ((error: unknown) => void) | undefined
  /** Milliseconds on a clock that only goes forward. Default `performance.now`. */
  readonly steady?: (() => number) | undefined
}

export const WITHOUT_REDIS = ['local', 'refuse', 'allow'] as const
export type WithoutRedis = (typeof WITHOUT_REDIS)[number]

/** After a failure Redis is left alone for so long; then one call at a time tries again. */
const AWAY_MS = 1_000
/** A limit that is used up is refused without asking for so long at the most. */
const FULL_MS = 1_000
const MAX_FULL = 10_000

/**
 * Rate limits that all processes with one Redis or Valkey share, counted by `rate-limiter-flexible`. The limits of a
 * call are counted at the same time, and where one refuses, the others get back what they gave: in between, for about a
 * millisecond, another call can be refused too early.
 *
 * @throws TypeError where `redis` is no client
 */
export function redisLimiter(options: RedisLimiterOptions): RateLimiter {
  const { redis, keyPrefix = 'doorward', withoutRedis = 'local', timeoutMs = 250 } = options
  const { onError = warnSparingly(Date.now), steady = () => performance.now() } = options
  if (redis === null || typeof redis !== 'object') throw new TypeError('redis must be a client of Redis')
  // The library only counts: what is too much, and in which window, each limit says for itself.
  const counting = new RateLimiterRedis({
    storeClient: redis,
    keyPrefix,
    points: Number.MAX_SAFE_INTEGER,
    duration: 1,
    rejectIfRedisNotReady: true,
  })
  const local = memoryLimiter(steady)
  const full = new Map<string, { used: number; resetsAtMs: number; untilMs: number }>()
  /** What was not taken in Redis: it is given back where it was taken, wherever calls are counted by then. */
  const takenElsewhere = new WeakMap<Taken, RateLimiter | null>()
  /** When the windows end that something was taken of. */
  const endsAtMs = new WeakMap<Taken, readonly number[]>()
  let isAway = false
  let isTrying = false
  let tryAgainAtMs = Number.NEGATIVE_INFINITY

  const without = (counters: readonly Counter[], cost: number): Taken | Promise<Taken> => {
    if (withoutRedis === 'refuse')
      return Promise.reject(new SourceUnavailableError('rate limits cannot be counted'))
    const isLocal = withoutRedis === 'local'
    const taken: Taken = isLocal ? local.take(counters, cost) : { granted: true, counts: [] }
    takenElsewhere.set(taken, isLocal ? local : null)
    return taken
  }

  const failed = (error: unknown): void => {
    isAway = true
    tryAgainAtMs = steady() + AWAY_MS
    onError(new Error(`Redis does not count rate limits (${WORDS[withoutRedis]})`, { cause: error }))
  }

  /** What is known to be used up, without asking. */
  const knownFull = (counters: readonly Counter[], cost: number): Taken | null => {
    const nowMs = steady()
    const counts = counters.map((counter): Count | undefined => {
      const known = full.get(counter.id)
      return known !== undefined && nowMs < known.untilMs
        ? { used: known.used, resetMs: known.resetsAtMs - nowMs }
        : undefined
    })
    const isFull = counters.some((counter, at) => !hasRoom(counter, counts[at]?.used ?? 0, cost))
    return isFull ? { granted: false, counts } : null
  }

  const add = async ({ id, rateLimit }: Counter, cost: number): Promise<Count> => {
    const { consumedPoints, msBeforeNext } = await counting.consume(id, cost, {
      customDuration: rateLimit.windowSeconds,
    })
    return { used: consumedPoints, resetMs: msBeforeNext }
  }

  const giveBack = async ({ id, rateLimit }: Counter, cost: number): Promise<void> => {
    const window = { customDuration: rateLimit.windowSeconds }
    try {
      const { consumedPoints } = await counting.reward(id, cost, window)
      // Its window had ended, and this began another, which owes nothing.
      if (consumedPoints < 0) await counting.consume(id, Math.min(cost, -consumedPoints), window)
    } catch (error) {
      failed(error)
    }
  }

  const take = async (counters: readonly Counter[], cost: number): Promise<Taken> => {
    const adding = counters.map((counter) => add(counter, cost))
    let counts: Count[]
    try {
      counts = await within(timeoutMs, Promise.all(adding))
      isAway = false
    } catch (error) {
      failed(error)
      // Redis does what it was asked once it goes on. By then the call is counted elsewhere, or was refused.
      for (const [at, counter] of counters.entries())
        adding[at]?.then(
          () => giveBack(counter, cost),
          () => {},
        )
      return await without(counters, cost)
    }
    const before = counts.map(({ used, resetMs }) => ({ used: used - cost, resetMs }))
    const nowMs = steady()
    if (counters.every((counter, at) => hasRoom(counter, before[at]?.used ?? 0, cost))) {
      const taken: Taken = { granted: true, counts }
      endsAtMs.set(
        taken,
        counts.map(({ resetMs }) => nowMs + resetMs),
      )
      return taken
    }
    // What was full already gets nothing back: it is refused until its window ends, by the count as it is.
    for (const [at, counter] of counters.entries())
      if ((before[at]?.used ?? 0) < counter.rateLimit.limit) void giveBack(counter, cost)
    for (const [at, { id, rateLimit }] of counters.entries()) {
      const { used, resetMs } = before[at] ?? { used: 0, resetMs: 0 }
      if (used < rateLimit.limit) continue
      if (full.size >= MAX_FULL) full.clear()
      full.set(id, { used, resetsAtMs: nowMs + resetMs, untilMs: nowMs + Math.min(resetMs, FULL_MS) })
    }
    return { granted: false, counts: before }
  }

  /** One call finds out whether Redis is there again; the others do not wait for what it hears. */
  const tryAgain = async (counters: readonly Counter[], cost: number): Promise<Taken> => {
    isTrying = true
    try {
      return await take(counters, cost)
    } finally {
      isTrying = false
    }
  }

  return {
    take: (counters, cost) => {
      if (counters.length === 0) return { granted: true, counts: [] }
      if (!isAway) return knownFull(counters, cost) ?? take(counters, cost)
      return isTrying || steady() < tryAgainAtMs ? without(counters, cost) : tryAgain(counters, cost)
    },
    giveBack: (counters, cost, taken) => {
      const elsewhere = taken === undefined ? undefined : takenElsewhere.get(taken)
      if (elsewhere !== undefined) {
        elsewhere?.giveBack(counters, cost, taken)
        return
      }
      const ends = taken && endsAtMs.get(taken)
      for (const [at, counter] of counters.entries())
        if (steady() < (ends?.[at] ?? Number.POSITIVE_INFINITY)) void giveBack(counter, cost)
    },
  }
}

const WORDS: Readonly<Record<WithoutRedis, string>> = {
  local: 'each process counts for itself',
  refuse: 'calls with rate limits are refused',
  allow: 'rate limits are not kept',
}

async function within<Value>(ms: number, work: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
