import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type CredentialRecord,
  createVerifier,
  type Limits,
  mintCredential,
  type RateLimiter,
  type Verdict,
} from '@doorward/sdk/kernel'
import { redisLimiter, type WithoutRedis } from '@doorward/sdk/rate-limiter-flexible'
import { Redis } from 'ioredis'
import { openLog } from '../../src/http/log.ts'
import { openSharedLimiter } from '../../src/limits/shared-limiter.ts'
import { eventually } from '../eventually.ts'
import { noRedis, startRedis, type TestRedis } from '../redis.ts'

const skip = noRedis
let redis: TestRedis
before(async () => {
  if (noRedis === false) redis = await startRedis()
})
after(() => redis?.stop())

let made = 0

/** A limit that no other test uses. */
function limit(most: number, windowSeconds = 60) {
  made += 1
  return {
    id: `key_${made}/l/${windowSeconds}`,
    of: 'key',
    rateLimit: { name: 'l', limit: most, windowSeconds },
  } as const
}

/** So long that only a paused Redis does not answer in time, however busy the machine. */
const TIMEOUT_MS = 2_000

/** Opens connected nodes for one test. */
async function nodes(count: number, without: WithoutRedis = 'local') {
  const opened = Array.from({ length: count }, () =>
    openSharedLimiter({ url: redis.url, without, timeoutMs: TIMEOUT_MS }, openLog('silent')),
  )
  for (const { limiter } of opened) await counting(limiter)
  return {
    limiters: opened.map(({ limiter }) => limiter),
    close: () => {
      for (const { close } of opened) close()
    },
  }
}

/** Waits until Redis counts for this node: only then are two successive calls both answered asynchronously. */
async function counting(limiter: RateLimiter): Promise<void> {
  const giveUpAt = Date.now() + 60_000
  for (;;) {
    const first = await asks(limiter)
    if (first && (await asks(limiter))) return
    if (Date.now() > giveUpAt) throw new Error('Redis is not asked again')
    await sleep(50)
  }
}

async function asks(limiter: RateLimiter): Promise<boolean> {
  const taken = limiter.take([limit(1_000_000)], 1)
  return await Promise.resolve(taken).then(
    () => taken instanceof Promise,
    () => false,
  )
}

async function granted(
  limiter: RateLimiter,
  counter: ReturnType<typeof limit>,
  calls: number,
): Promise<number> {
  const taken = await Promise.all(Array.from({ length: calls }, () => limiter.take([counter], 1)))
  return taken.filter((each) => each.granted).length
}

/** Waits until Redis counts so many units taken from each limit: refunds are sent without waiting. */
async function countsInRedis(...expected: readonly (readonly [{ id: string }, number])[]): Promise<void> {
  const client = new Redis(redis.url)
  try {
    await eventually(
      async () => {
        const counts = await Promise.all(expected.map(([{ id }]) => client.get(`doorward:${id}`)))
        return counts.map(Number).join(' ')
      },
      expected.map(([, count]) => count).join(' '),
    )
  } finally {
    client.disconnect()
  }
}

it('VER-10: two nodes with one Redis admit exactly as many calls as the limit allows', { skip }, async () => {
  const { limiters, close } = await nodes(2)
  const counter = limit(50)
  const sums = await Promise.all(limiters.map((limiter) => granted(limiter, counter, 60)))
  assert.equal((sums[0] ?? 0) + (sums[1] ?? 0), 50)
  close()
})

it('VER-09: a limit that refuses leaves no trace in another, over two nodes', { skip }, async () => {
  const { limiters, close } = await nodes(2)
  const [narrow, wide] = [limit(1), limit(10)]
  for (let call = 0; call < 8; call += 1) await limiters[call % 2]?.take([narrow, wide], 1)
  const refused = await limiters[0]?.take([narrow, wide], 1)
  assert.equal(refused?.granted, false)
  assert.equal(refused?.counts[1], undefined, 'what was not asked for is not told')
  await countsInRedis([wide, 1])
  const rest = await granted(limiters[0] as RateLimiter, wide, 20)
  assert.equal(rest, 9)
  close()
})

it('refunded units are available again, also those of a refused call with a higher cost', {
  skip,
}, async () => {
  const { limiters, close } = await nodes(1)
  const [limiter] = limiters as [RateLimiter]
  const counter = limit(10)
  await limiter.take([counter], 8)
  assert.equal((await limiter.take([counter], 5)).granted, false)
  await countsInRedis([counter, 8])
  assert.deepEqual((await limiter.take([counter], 2)).granted, true)
  limiter.giveBack([counter], 1)
  await countsInRedis([counter, 9])
  assert.equal(await granted(limiter, counter, 3), 1)
  close()
})

for (const [without, expected] of [
  ['local', 3],
  ['allow', 9],
  ['refuse', 0],
] as const)
  it(`Redis killed and started again: ${without} until then, and shared again without a restart`, {
    skip,
  }, async () => {
    const { limiters, close } = await nodes(2, without)
    const [a, b] = limiters as [RateLimiter, RateLimiter]
    await redis.kill()
    let admitted = 0
    const counter = limit(3)
    for (let call = 0; call < 9; call += 1)
      admitted += await Promise.resolve(a.take([counter], 1)).then(
        (taken) => Number(taken.granted),
        (error: Error) => {
          assert.equal(error.name, 'SourceUnavailableError')
          return 0
        },
      )
    assert.equal(admitted, expected)
    await redis.start()
    await Promise.all([counting(a), counting(b)])
    const shared = limit(10)
    const sums = await Promise.all([granted(a, shared, 10), granted(b, shared, 10)])
    assert.equal(sums[0] + sums[1], 10)
    close()
  })

it('answers calls while Redis is stopped with its connection open, and uses it again once it resumes', {
  skip,
}, async () => {
  const { limiters, close } = await nodes(2)
  const [a, b] = limiters as [RateLimiter, RateLimiter]
  redis.pause()
  const counter = limit(3)
  assert.equal(await granted(a, counter, 9), 3, 'each counts for itself')
  assert.equal(await granted(a, counter, 9), 0, 'and goes on where it was')
  redis.resume()
  await Promise.all([counting(a), counting(b)])
  const shared = limit(10)
  const sums = await Promise.all([granted(a, shared, 10), granted(b, shared, 10)])
  assert.equal(sums[0] + sums[1], 10)
  close()
})

it('VER-10: refunds what Redis was asked while it was stopped once it resumes: no call is counted twice', {
  skip,
}, async () => {
  const { limiters, close } = await nodes(1)
  const [limiter] = limiters as [RateLimiter]
  const [counter, other] = [limit(100), limit(100)]
  await limiter.take([counter, other], 2)
  redis.pause()
  const taken = await Promise.all(Array.from({ length: 5 }, () => limiter.take([counter, other], 1)))
  assert.ok(
    taken.every(({ counts }) => (counts[0]?.used ?? 99) <= 5),
    'counted here',
  )
  redis.resume()
  await counting(limiter)
  await countsInRedis([counter, 2], [other, 2])
  close()
})

it('while Redis is unavailable one call at a time probes it; the others do not wait', {
  skip,
}, async () => {
  const { limiters, close } = await nodes(1)
  const [limiter] = limiters as [RateLimiter]
  const counter = limit(100)
  redis.pause()
  await limiter.take([counter], 1)
  // After a failure Redis is not asked for a second.
  await sleep(1_100)
  const taken = Array.from({ length: 10 }, () => limiter.take([counter], 1))
  assert.equal(taken.filter((each) => each instanceof Promise).length, 1)
  await Promise.all(taken)
  redis.resume()
  await counting(limiter)
  await countsInRedis([counter, 0])
  close()
})

it('refunds go to the counter that was charged, even if another one counts by then', { skip }, async () => {
  const { limiters, close } = await nodes(1)
  const [limiter] = limiters as [RateLimiter]
  const [shared, local] = [limit(100), limit(100)]
  const takenInRedis = await limiter.take([shared], 3)
  redis.pause()
  const takenHere = await limiter.take([local], 3)
  limiter.giveBack([shared], 1, takenInRedis)
  redis.resume()
  await counting(limiter)
  limiter.giveBack([local], 1, takenHere)
  await countsInRedis([shared, 2], [local, 0])
  close()
})

it('VER-10: a refund after the end of its window does not extend the next window', { skip }, async () => {
  const client = new Redis(redis.url)
  let nowMs = 0
  await client.ping()
  const limiter = redisLimiter({ redis: client, steady: () => nowMs })
  const [begun, empty] = [limit(5), limit(5)]
  const [takenOfBegun] = [await limiter.take([begun], 1), await limiter.take([empty], 1)]
  // As Redis does it at the end of a window.
  for (const { id } of [begun, empty]) await client.del(`doorward:${id}`)
  nowMs += 60_000
  assert.equal(await granted(limiter, begun, 2), 2)
  limiter.giveBack([begun], 1, takenOfBegun)
  limiter.giveBack([empty], 1)
  await eventually(async () => `${await client.get(`doorward:${empty.id}`)}`, '0')
  assert.equal(await granted(limiter, begun, 10), 3)
  assert.equal(await granted(limiter, empty, 10), 5)
  client.disconnect()
})

it('VER-11: a verifier refuses with 429 while a limit is used up, also from memory', {
  skip,
}, async (t) => {
  const { limiters, close } = await nodes(1)
  t.after(close)
  const rate = (most: number): Limits => ({
    rateLimits: [{ name: 'l', limit: most, windowSeconds: 60 }],
    quota: null,
  })
  const key = mintCredential('api_key', { environment: 'live' }).reveal()
  made += 1
  const record: CredentialRecord = {
    kind: 'api_key',
    credentialId: `sec_${made}`,
    keyId: `key_${made}`,
    clientId: null,
    userId: null,
    audiences: null,
    ownerId: `org_${made}`,
    environment: 'live',
    scopes: new Set(),
    metadata: {},
    ipAllowlist: null,
    limits: { key: rate(5), owner: rate(2) },
    ended: null,
    retiresAt: null,
    expiresAt: null,
  }
  const verifier = createVerifier({
    source: { lookup: async (hashes) => hashes.map(() => record) },
    limiter: limiters[0],
  })
  t.after(() => verifier.close())
  const ask = async (cost = 1) => {
    const verdict: Verdict = await verifier.verify(
      key,
      { scopes: [], environment: 'live', clientIp: null },
      { cost },
    )
    return verdict.valid || verdict.refusal.reason !== 'rate_limited'
      ? verdict.valid
      : verdict.refusal.limit.of
  }
  assert.equal(await ask(6), 'key', 'more than there ever is')
  // The owner's limit is used up from the third call on, and then the key's is no longer checked.
  assert.deepEqual(
    [await ask(), await ask(), await ask(), await ask(), await ask()],
    [true, true, 'owner', 'owner', 'owner'],
  )
  await redis.kill()
  t.after(() => redis.start())
  // The last answer of Redis is kept for this long.
  await sleep(1_100)
  assert.deepEqual(
    [await ask(6), await ask(), await ask(), await ask()],
    ['key', true, true, 'owner'],
    'and the same without Redis',
  )
})
