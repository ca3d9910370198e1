import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { hashCredential } from '../credential/credential.ts'
import type { RateLimiter, Taken } from '../limits/rate-limiter.ts'
import type { ChangesListener } from '../source/changes.ts'
import { NOW, Records } from '../source/record.fixture.ts'
import { UsageCounter } from '../source/usage.ts'
import type { Ask } from '../verdict/judge.ts'
import type { QuotaAnswer, QuotaSpend } from '../verdict/limits.ts'
import { NO_LIMITS } from '../verdict/limits.ts'
import { createVerifier } from './verifier.ts'

const ASK: Ask = { scopes: ['orders:read'], environment: 'live', clientIp: null }
const turn = () => new Promise((done) => setImmediate(done))

/** Answers each spend, and notifies of changes, when the test says so. */
class Slow extends Records {
  readonly #held: (() => void)[] = []
  listener: ChangesListener | undefined

  follow(listener: ChangesListener) {
    this.listener = listener
    listener.confirmed(NOW)
    return { close: () => {} }
  }

  async spendQuotas(spends: readonly QuotaSpend[]): Promise<QuotaAnswer[]> {
    await this.hold()
    const endsAt = new Date('2026-03-02T00:00:00Z')
    return spends.map(() => ({
      granted: true,
      quotas: [{ of: 'key', period: 'day', limit: 9, spent: 1, endsAt }],
    }))
  }

  hold(): Promise<void> {
    return new Promise((done) => this.#held.push(done))
  }

  release(): void {
    this.#held.shift()?.()
  }
}

/** Counts nothing and answers late, as Redis does. */
function slowLimiter(slow: Slow): RateLimiter {
  const taken: Taken = { granted: true, counts: [] }
  return {
    take: (counters) => (counters.length === 0 ? taken : slow.hold().then(() => taken)),
    giveBack: () => {},
  }
}

const daily = { rateLimits: [], quota: { limit: 1_000, period: 'day' } } as const
const often = { rateLimits: [{ name: 'burst', limit: 1_000, windowSeconds: 60 }], quota: null } as const

test('KEY-11, VER-06: whatever happens to the cache while a limit is asked, each call counts once and for its own key', async () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ call: fc.nat(5) }) },
    { weight: 2, arbitrary: fc.record({ change: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.constant('restarted' as const) },
    { weight: 1, arbitrary: fc.constant('taken' as const) },
    { weight: 3, arbitrary: fc.constant('released' as const) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const source = new Slow()
      const usage = new UsageCounter()
      const counted = new Map<string, number>()
      const take = () => {
        for (let batch = usage.take(); batch !== null; batch = usage.take()) {
          for (const { credentialId, calls } of batch.items)
            counted.set(`${credentialId}`, (counted.get(`${credentialId}`) ?? 0) + calls)
          usage.delivered(batch)
        }
      }
      // Two keys of each kind, in a cache with room for four of the six.
      const keys = [daily, daily, often, often, null, null].map((key, n) =>
        source.add({
          credentialId: `sec_${n}`,
          keyId: `key_${n}`,
          limits: key === null ? null : { key, owner: NO_LIMITS },
        }),
      )
      const verifier = createVerifier({
        source,
        usage,
        limiter: slowLimiter(source),
        maxEntries: 4,
        now: () => NOW,
      })
      const expected = new Map<string, number>()
      const calls: (boolean | Promise<boolean>)[] = []
      for (const step of steps) {
        if (step === 'restarted') source.listener?.restarted()
        else if (step === 'taken') take()
        else if (step === 'released') source.release()
        else if ('call' in step) {
          expected.set(`sec_${step.call}`, (expected.get(`sec_${step.call}`) ?? 0) + 1)
          const verdict = verifier.verify(keys[step.call] as string, ASK)
          calls.push(verdict instanceof Promise ? verdict.then(({ valid }) => valid) : verdict.valid)
        } else {
          const hashes = [hashCredential(keys[step.change] as string)]
          source.listener?.changed({ hashes, ended: null })
        }
        await turn()
      }
      const done = Promise.all(calls).then(() => true)
      while (!(await Promise.race([done, turn().then(() => false)]))) source.release()
      assert.ok((await Promise.all(calls)).every((valid) => valid))
      take()
      assert.deepEqual(new Map([...counted].sort()), new Map([...expected].sort()))
    }),
    { numRuns: 200 },
  )
})
