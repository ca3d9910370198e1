import { type RateLimiter, warnSparingly } from '@doorward/sdk/kernel'
import { redisLimiter, type WithoutRedis } from '@doorward/sdk/rate-limiter-flexible'
import { Redis } from 'ioredis'
import type { Logger } from '../http/log.ts'

/** Maximum pause between two attempts to reach Redis. */
const RECONNECT_MS = 1_000

interface SharedLimiterOptions {
  readonly url: string
  readonly without: WithoutRedis
  /** Timeout of one command. Default: the SDK's. */
  readonly timeoutMs?: number
}

/** Rate limits in a Redis or Valkey that several nodes share. Reconnects for as long as the process runs. */
export function openSharedLimiter(
  { url, without, timeoutMs }: SharedLimiterOptions,
  log: Logger,
): { readonly limiter: RateLimiter; close(): void } {
  const redis = new Redis(url, {
    // While Redis is away, calls are answered without it and not queued.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 2_000,
    retryStrategy: (times) => Math.min(times * 50, RECONNECT_MS),
  })
  const onError = warnSparingly(Date.now, (error) =>
    log.warn({ err: error }, 'rate limits are not counted in Redis'),
  )
  // Logs from the start on, not from the first limited call. Without a listener an error would end the process.
  redis.on('error', onError)
  redis.on('ready', () => log.info('rate limits are counted in Redis'))
  return {
    limiter: redisLimiter({ redis, withoutRedis: without, timeoutMs, onError }),
    close: () => redis.disconnect(),
  }
}
