import assert from 'node:assert/strict'
import test from 'node:test'
import { aRecord, NOW, Records } from '../source/record.fixture.ts'
import { SourceUnavailableError } from '../source/source.ts'
import type { QuotaAnswer, QuotaSpend } from '../verdict/limits.ts'
import { NO_LIMITS, type Quota } from '../verdict/limits.ts'
import { Quotas } from './quotas.ts'

/** Spends when the test says so. */
class Slow extends Records {
  readonly spendings: { spends: readonly QuotaSpend[]; answer: PromiseWithResolvers<QuotaAnswer[]> }[] = []

  spendQuotas(spends: readonly QuotaSpend[]): Promise<QuotaAnswer[]> {
    const answer = Promise.withResolvers<QuotaAnswer[]>()
    this.spendings.push({ spends, answer })
    return answer.promise
  }
}

const GRANTED: QuotaAnswer = { granted: true, quotas: [] }
const record = (quota: Quota = { limit: 5, period: 'day' }) =>
  aRecord({ limits: { key: { rateLimits: [], quota }, owner: NO_LIMITS } })

test('VER-18: refuses a call that waits for a quota for two seconds, and spends nothing that was not sent', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const source = new Slow()
  const quotas = new Quotas(source)
  const asked = quotas.spend(record(), 1, NOW)
  const behind = quotas.spend(record(), 2, NOW)
  for (const each of [asked, behind]) each.catch(() => {})
  t.mock.timers.tick(1_999)
  const later = quotas.spend(record(), 3, NOW)
  t.mock.timers.tick(1)
  for (const each of [asked, behind]) await assert.rejects(each, SourceUnavailableError)
  source.spendings[0]?.answer.resolve([GRANTED])
  await new Promise((done) => setImmediate(done))
  assert.deepEqual(
    source.spendings.map(({ spends }) => spends.map(({ cost }) => cost)),
    [[1], [3]],
  )
  source.spendings[1]?.answer.resolve([GRANTED])
  assert.equal((await later).granted, true)
  t.mock.timers.tick(5_000)
})

test('VER-18: a failed request refuses all calls that wait behind it, and the next request is sent', async () => {
  const source = new Slow()
  const quotas = new Quotas(source)
  const all = Array.from({ length: 500 }, () => quotas.spend(record(), 1, NOW))
  source.spendings[0]?.answer.reject(new Error('away'))
  for (const each of await Promise.allSettled(all))
    assert.ok(each.status === 'rejected' && each.reason instanceof SourceUnavailableError)
  assert.equal(source.spendings.length, 1)
  const next = quotas.spend(record(), 1, NOW)
  source.spendings[1]?.answer.resolve([GRANTED])
  assert.equal((await next).granted, true)
})

test('a month that is used up says nothing about the day that ends with it', async () => {
  const source = new Slow()
  const quotas = new Quotas(source)
  const lastOfMarch = Date.parse('2026-03-31T12:00:00Z')
  const month: Quota = { limit: 5, period: 'month' }
  const used = quotas.spend(record(month), 1, lastOfMarch)
  const endsAt = new Date('2026-04-01T00:00:00Z')
  source.spendings[0]?.answer.resolve([
    { granted: false, quotas: [{ of: 'key', ...month, spent: 5, endsAt }] },
  ])
  await used
  assert.equal((await quotas.spend(record(month), 1, lastOfMarch)).granted, false)
  assert.equal(source.spendings.length, 1, 'known')
  const ofTheDay = quotas.spend(record({ limit: 5, period: 'day' }), 1, lastOfMarch)
  source.spendings[1]?.answer.resolve([GRANTED])
  assert.equal((await ofTheDay).granted, true)
})
