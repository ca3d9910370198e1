import './runtime.ts'
import { RateLimiterRedis } from 'rate-limiter-flexible'
import { memoryLimiter } from './limits/memory-limiter.ts'
import { type Count, type Counter, hasRoom, type RateLimiter, type Taken } from './limits/rate-limiter.ts'
import { SourceUnavailableError } from './source/source.ts'
import { warnSparingly } from './source/warn.ts'

export interface RedisLimiterOptions {
  /**
   * A client of Redis or Valkey, which you close: of `ioredis`, preferably with `enableOfflineQueue: false`, or any other
   * that `rate-limiter-flexible` supports.
   */
  readonly redis: unknown
  /** Prefix of every key in Redis. Default `doorward`. */
  readonly keyPrefix?: string | undefined
  /**
   * Behaviour while Redis is unavailable. `local`, the default: each process counts for itself, so n of them allow up to n
   * times the limit. `refuse`: calls with limits get 503 (fail closed). `allow`: limits are not enforced (fail open).
   */
  readonly withoutRedis?: WithoutRedis | undefined
  /** Timeout of one command, in ms, after which Redis counts as unavailable. Default 250. */
  readonly timeoutMs?: number | undefined
  /** Called with the reason why Redis is unavailable. Default: a process warning, each at most once a minute. */
  readonly onError?: ((error: unknown) => void) | undefined
  /** Milliseconds on a monotonic clock. Default `performance.now`. */
  readonly steady?: (() => number) | undefined
}

export const WITHOUT_REDIS = ['local', 'refuse', 'allow'] as const
export type WithoutRedis = (typeof WITHOUT_REDIS)[number]

/** After a failure Redis is not asked for so long; then one call at a time tries again. */
const AWAY_MS = 1_000
/** A limit that is used up is refused without asking Redis for at most so long. */
const FULL_MS = 1_000
const MAX_FULL = 10_000

/**
 * Counts rate limits for all processes that share a Redis or Valkey, with `rate-limiter-flexible`. The limits of a call are
 * counted at the same time. Where one refuses, the units of the others are given back: in between, for about a
 * millisecond, another call can be refused too early.
 *
 * @throws TypeError where `redis` is not a client
 */
export function redisLimiter(options: RedisLimiterOptions): RateLimiter {
  const { redis, keyPrefix = 'doorward', withoutRedis = 'local', timeoutMs = 250 } = options
  const { onError = warnSparingly(Date.now), steady = () => performance.now() } = options
  if (redis === null || typeof redis !== 'object') throw new TypeError('redis must be a client of Redis')
  // The library only counts; the limit and its window come from each rate limit.
  const counting = new RateLimiterRedis({
    storeClient: redis,
    keyPrefix,
    points: Number.MAX_SAFE_INTEGER,
    duration: 1,
    rejectIfRedisNotReady: true,
  })
  const local = memoryLimiter(steady)
  const full = new Map<string, { used: number; resetsAtMs: number; untilMs: number }>()
  /** Units that were not taken in Redis: they are given back to the limiter that they were taken from. */
  const takenElsewhere = new WeakMap<Taken, RateLimiter | null>()
  /** The ends of the windows that units were taken from. */
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

  /** Refuses without asking Redis where a limit is known to be used up. */
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
      // Its window had ended, and this began another, where no units were taken.
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
      // Redis executes the command once it recovers. By then the call is counted elsewhere, or was refused.
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
    // A limit that was full before gets nothing back: it refuses until its window ends.
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

  /** Half-open circuit breaker: one call tests Redis again; the others do not wait for it. */
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
