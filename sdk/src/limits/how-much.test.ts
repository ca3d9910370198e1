import assert from 'node:assert/strict'
import test from 'node:test'
import { aRecord, at, NOW, Records } from '../source/record.fixture.ts'
import { SourceUnavailableError } from '../source/source.ts'
import { UsageCounter } from '../source/usage.ts'
import type { Ask, Verdict } from '../verdict/judge.ts'
import type { QuotaAnswer, QuotaSpend } from '../verdict/limits.ts'
import { type Limits, NO_LIMITS } from '../verdict/limits.ts'
import type { CredentialRecord } from '../verdict/record.ts'
import { createVerifier } from '../verifier/verifier.ts'

const ASK: Ask = { scopes: ['orders:read'], environment: 'live', clientIp: null }

/** Counts quotas as a server does, and records the spends. */
class Metered extends Records {
  readonly spends: (readonly QuotaSpend[])[] = []
  left = 2
  quotaFailure: Error | null = null

  async spendQuotas(spends: readonly QuotaSpend[]): Promise<QuotaAnswer[]> {
    this.spends.push(spends)
    await Promise.resolve()
    if (this.quotaFailure !== null) throw this.quotaFailure
    return spends.map(({ cost }) => {
      const granted = this.left >= cost
      if (granted) this.left -= cost
      const endsAt = new Date('2026-03-02T00:00:00Z')
      return { granted, quotas: [{ of: 'key', period: 'day', limit: 2, spent: 2 - this.left, endsAt }] }
    })
  }
}

function open(t: { after: (end: () => void) => void }) {
  const source = new Metered()
  const usage = new UsageCounter()
  let nowMs = NOW
  const verifier = createVerifier({ source, usage, now: () => nowMs })
  t.after(() => verifier.close())
  const counted = () => {
    const sums: Record<string, number> = {}
    for (const { outcome, calls } of usage.take()?.items ?? []) sums[outcome] = (sums[outcome] ?? 0) + calls
    return sums
  }
  return {
    source,
    verifier,
    counted,
    turn: (seconds: number) => {
      nowMs += seconds * 1000
    },
  }
}

const rate = (limit: number, name = 'burst', windowSeconds = 60): Limits => ({
  rateLimits: [{ name, limit, windowSeconds }],
  quota: null,
})
const DAILY: Limits = { rateLimits: [], quota: { limit: 2, period: 'day' } }
const withKey = (key: Limits, more: Partial<CredentialRecord> = {}) => ({
  limits: { key, owner: NO_LIMITS },
  ...more,
})
const outcome = (verdict: Verdict) => (verdict.valid ? 'accepted' : verdict.refusal.reason)

test('VER-08: a call that is refused for any other reason takes no units of a limit', async (t) => {
  const { source, verifier } = open(t)
  const dead: [reason: string, more: Partial<CredentialRecord>, ask?: Partial<Ask>][] = [
    ['revoked', { ended: { reason: 'revoked', at: at(0) } }],
    ['expired', { expiresAt: at(0) }],
    ['environment_mismatch', {}, { environment: 'test' }],
    ['ip_not_allowed', { ipAllowlist: { entries: [], includes: () => false } }],
    ['missing_scope', {}, { scopes: ['orders:write'] }],
  ]
  for (const [n, [reason, more, ask]] of dead.entries()) {
    const limits = { key: { ...DAILY, ...rate(1), quota: DAILY.quota }, owner: NO_LIMITS }
    const key = source.add({ keyId: `key_${n}`, credentialId: `sec_${n}`, limits, ...more })
    for (let call = 0; call < 3; call += 1) {
      const verdict = await verifier.verify(key, { ...ASK, ...ask })
      assert.equal(outcome(verdict), reason)
      assert.equal(verdict.limits, undefined, 'and tells nothing of it')
    }
  }
  assert.deepEqual(source.spends, [])
})

test('VER-11: a rate limit refuses the call beyond it, says when to retry, and admits again then', async (t) => {
  const { source, verifier, counted, turn } = open(t)
  const key = source.add(withKey(rate(2)))
  const limit = { kind: 'rate_limit', of: 'key', name: 'burst', limit: 2, windowSeconds: 60 }
  const first = await verifier.verify(key, ASK)
  assert.deepEqual(first.limits, [{ ...limit, remaining: 1, resetSeconds: 60 }])
  turn(0.5)
  assert.equal(outcome(await verifier.verify(key, ASK)), 'accepted')
  const none = { ...limit, remaining: 0, resetSeconds: 60 }
  assert.deepEqual(await verifier.verify(key, ASK), {
    valid: false,
    refusal: { reason: 'rate_limited', retryAfterSeconds: 60, limit: none },
    limits: [none],
  })
  turn(59.5)
  assert.equal(outcome(await verifier.verify(key, ASK)), 'accepted')
  assert.deepEqual(counted(), { accepted: 3, rate_limited: 1 })
})

test('VER-09: all of several limits apply, and one that refuses takes no units of the others', async (t) => {
  const { source, verifier } = open(t)
  const owner = rate(3, 'all')
  const a = source.add({ keyId: 'key_a', credentialId: 'sec_a', limits: { key: rate(1), owner } })
  const b = source.add({ keyId: 'key_b', credentialId: 'sec_b', limits: { key: rate(9), owner } })
  const got: string[] = []
  for (const key of [a, a, a, a, b, b, b]) {
    const verdict = await verifier.verify(key, ASK)
    got.push(verdict.valid ? 'accepted' : `${'limit' in verdict.refusal && verdict.refusal.limit.of}`)
  }
  assert.deepEqual(got, ['accepted', 'key', 'key', 'key', 'accepted', 'accepted', 'owner'])
})

for (const [what, counts, cost, refusedBy, told] of [
  ['the first is not known', [undefined, { used: 3, resetMs: 9_000 }], 1, 'owner', ['owner']],
  ['the second is not known', [{ used: 1, resetMs: 5_000 }, undefined], 1, 'key', ['key']],
  ['none is known, and it costs more than the first has', [undefined, undefined], 2, 'key', ['key']],
  ['none is known', [], 1, 'key', ['key', 'owner']],
  ['none is known to be full', [{ used: 0, resetMs: 5_000 }, undefined], 1, 'owner', ['key', 'owner']],
] as const)
  test(`VER-11: a limiter that does not know all counts refuses all the same: ${what}`, async (t) => {
    const source = new Metered()
    const limiter = { take: () => ({ granted: false, counts }), giveBack: () => {} }
    const verifier = createVerifier({ source, limiter, now: () => NOW })
    t.after(() => verifier.close())
    const key = source.add({ limits: { key: rate(1), owner: rate(3) } })
    await verifier.verify(key, ASK, { dryRun: true })
    const verdict = await verifier.verify(key, ASK, { cost })
    assert.ok(!verdict.valid && verdict.refusal.reason === 'rate_limited')
    assert.equal(verdict.refusal.limit.of, refusedBy)
    assert.deepEqual(
      verdict.limits?.map(({ of }) => of),
      told,
    )
  })

test('verifying a cached credential never throws: a fault is a rejection', async (t) => {
  const source = new Metered()
  const limiter = {
    take: () => {
      throw new Error('broken')
    },
    giveBack: () => {},
  }
  const verifier = createVerifier({ source, limiter, now: () => NOW })
  t.after(() => verifier.close())
  const key = source.add(withKey(rate(1)))
  await verifier.verify(key, ASK, { dryRun: true })
  for (const cost of [1, -1]) {
    const said = verifier.verify(key, ASK, { cost })
    assert.ok(said instanceof Promise)
    await assert.rejects(said, cost === 1 ? /broken/ : RangeError)
  }
})

test('KEY-11: both secrets of a rotation count in the same limits', async (t) => {
  const { source, verifier } = open(t)
  const old = source.add(withKey(rate(2), { credentialId: 'sec_old' }))
  const fresh = source.add(withKey(rate(2), { credentialId: 'sec_new' }))
  const got: string[] = []
  for (const key of [old, fresh, old, fresh]) got.push(outcome(await verifier.verify(key, ASK)))
  assert.deepEqual(got, ['accepted', 'accepted', 'rate_limited', 'rate_limited'])
})

test('a call can cost more than one unit, or none; a dry run takes nothing', async (t) => {
  const { source, verifier } = open(t)
  const key = source.add(withKey(rate(5)))
  const take = async (cost: number, dryRun = false) =>
    outcome(await verifier.verify(key, ASK, { cost, dryRun }))
  assert.deepEqual(
    [await take(3), await take(3), await take(9, true), await take(2), await take(1), await take(0)],
    ['accepted', 'rate_limited', 'accepted', 'accepted', 'rate_limited', 'accepted'],
  )
  for (const cost of [-1, 0.5, Number.NaN, 1_000_001])
    await assert.rejects(async () => verifier.verify(key, ASK, { cost }), RangeError, String(cost))
})

test('VER-06, VER-08: accepted calls spend a quota; where it refuses, the rate limit gets its units back', async (t) => {
  const { source, verifier, turn } = open(t)
  const key = source.add(withKey({ ...rate(3), quota: DAILY.quota }))
  const got: Verdict[] = []
  for (let call = 0; call < 5; call += 1) got.push(await verifier.verify(key, ASK))
  assert.deepEqual(got.map(outcome), ['accepted', 'accepted', ...Array(3).fill('quota_exceeded')])
  const last = got[4]
  assert.ok(last !== undefined && !last.valid && last.refusal.reason === 'quota_exceeded')
  assert.equal(last.refusal.retryAfterSeconds, 12 * 3600)
  assert.deepEqual(
    last.limits?.map(({ kind, remaining }) => [kind, remaining]),
    [
      ['rate_limit', 0],
      ['quota', 0],
    ],
  )
  assert.equal(source.spends.flat().length, 2, 'what is known to be used up is not asked for again')
  turn(60)
  const { limits } = await verifier.verify(key, ASK)
  assert.equal(limits?.[0]?.remaining, 2, 'one was taken, and is given back after this')
})

test('a quota that was raised counts at once; a limit of 0 allows nothing', async (t) => {
  const { source, verifier } = open(t)
  source.left = 100
  const key = source.add(withKey({ rateLimits: [], quota: { limit: 0, period: 'day' } }))
  source.spendQuotas = async (spends) => {
    source.spends.push(spends)
    const endsAt = new Date('2026-03-02T00:00:00Z')
    return [{ granted: false, quotas: [{ of: 'key', period: 'day', limit: 0, spent: 0, endsAt }] }]
  }
  assert.equal(outcome(await verifier.verify(key, ASK)), 'quota_exceeded')
  assert.equal(outcome(await verifier.verify(key, ASK)), 'quota_exceeded')
  assert.equal(source.spends.length, 1)
  source.put(key, aRecord(withKey({ rateLimits: [], quota: { limit: 5, period: 'day' } })))
  verifier.forgetAll()
  await verifier.verify(key, ASK)
  assert.equal(source.spends.length, 2)
})

test('VER-18: without an answer about a quota no call is admitted, and the rate limit gets its units back', async (t) => {
  const { source, verifier } = open(t)
  const key = source.add(withKey({ ...rate(1), quota: DAILY.quota }))
  source.quotaFailure = new Error('away')
  await assert.rejects(async () => verifier.verify(key, ASK), SourceUnavailableError)
  source.quotaFailure = null
  assert.equal(outcome(await verifier.verify(key, ASK)), 'accepted')
})

test('a source without quotas admits no credential that has one', async (t) => {
  const records = new Records()
  const verifier = createVerifier({ source: records, now: () => NOW })
  t.after(() => verifier.close())
  const key = records.add(withKey(DAILY))
  await assert.rejects(async () => verifier.verify(key, ASK), SourceUnavailableError)
})

test('calls that arrive during a quota request are batched, and each gets its own answer', async (t) => {
  const { source, verifier } = open(t)
  const key = source.add(withKey(DAILY))
  await verifier.verify(key, ASK, { dryRun: true })
  const verdicts = await Promise.all(Array.from({ length: 50 }, () => verifier.verify(key, ASK)))
  assert.equal(verdicts.filter(({ valid }) => valid).length, 2)
  assert.deepEqual(
    source.spends.map(({ length }) => length),
    [1, 49],
  )
})

test('near the end of a period nothing is refused from memory: the clock that ends it may be ahead', async (t) => {
  const { source, verifier, turn } = open(t)
  const key = source.add(withKey(DAILY))
  for (let call = 0; call < 4; call += 1) await verifier.verify(key, ASK)
  assert.equal(source.spends.length, 2)
  turn(12 * 3600 - 30)
  source.left = 2
  assert.equal(outcome(await verifier.verify(key, ASK)), 'accepted')
})
