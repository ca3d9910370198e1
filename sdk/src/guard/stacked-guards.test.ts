import assert from 'node:assert/strict'
import test from 'node:test'
import { at, NOW, Records } from '../source/record.fixture.ts'
import type { UsageBatch } from '../source/usage-batch.ts'
import type { QuotaCount, QuotaSpend } from '../verdict/limits.ts'
import { createGuard, type Incoming } from './guard.ts'

/** A source that takes usage, and has one quota for all. */
class Server extends Records {
  readonly batches: UsageBatch[] = []
  spent = 0
  async sendUsage(batch: UsageBatch) {
    this.batches.push(batch)
  }
  async spendQuotas(spends: readonly QuotaSpend[]) {
    return spends.map(({ cost, givesBack }) => {
      const granted = givesBack === true || this.spent + cost <= 10
      if (granted) this.spent += givesBack === true ? -cost : cost
      const quota: QuotaCount = {
        of: 'key',
        period: 'day',
        limit: 10,
        spent: this.spent,
        endsAt: at(3600 * 12),
      }
      return { granted, quotas: [quota] }
    })
  }
}

const DAILY = {
  key: { rateLimits: [], quota: { limit: 10, period: 'day' } },
  owner: { rateLimits: [], quota: null },
} as const

const by = (key: string): Incoming => ({
  method: 'GET',
  url: '/orders',
  authorization: [`Bearer ${key}`],
  xApiKey: [],
  peerIp: '198.51.100.1',
  forwardedFor: null,
  userAgent: 'curl/8',
})

function open() {
  const server = new Server()
  const guard = createGuard({ environment: 'live', source: server, now: () => NOW, onError: () => {} })
  const counted = async () => {
    await guard.close()
    return server.batches
      .flatMap(({ items }) => items)
      .map(({ outcome, scope, count, calls }) => `${outcome} ${scope || '-'} ${count} ${calls}`)
      .sort()
  }
  return { server, guard, counted }
}

test('VER-06: guards of one request are one call: looked up, counted and taken once', async () => {
  const { server, guard, counted } = open()
  const all = guard.admitting([])
  const reading = guard.admitting(['orders:read'])
  const key = server.add({ limits: DAILY, scopes: new Set(['orders:read', 'orders:write']) })
  for (let n = 0; n < 10; n++) {
    const request = {}
    assert.ok('principal' in (await all(by(key), request)))
    assert.ok('principal' in (await reading(by(key), request)))
    assert.ok('principal' in (await guard.admitting(['orders:write'])(by(key), request)))
  }
  assert.ok('answer' in (await all(by(key), {})))
  assert.equal(server.spent, 10)
  assert.equal(server.questions.length, 1)
  assert.deepEqual(await counted(), [
    'accepted orders:read 10 10',
    'accepted orders:write 10 0',
    'quota_exceeded - 1 1',
  ])
})

test('VER-06: the larger cost is taken, once, whatever the order', async () => {
  for (const costs of [
    [1, 5],
    [5, 1],
    [0, 5],
    [5, 0],
    [2, 5, 3],
  ]) {
    const { server, guard } = open()
    const key = server.add({ limits: DAILY })
    const request = {}
    for (const cost of costs) assert.ok('principal' in (await guard.admitting([{ cost }])(by(key), request)))
    assert.equal(server.spent, 5, String(costs))
    await guard.close()
  }
})

test('VER-08: a later guard that refuses gives back what the earlier ones took, and is the one outcome', async () => {
  const { server, guard, counted } = open()
  const key = server.add({ limits: DAILY })
  for (let n = 0; n < 12; n++) {
    const request = {}
    assert.ok('principal' in (await guard.admitting([{ cost: 2 }])(by(key), request)))
    const no = await guard.admitting(['orders:write'])(by(key), request)
    assert.ok('answer' in no && no.answer.status === 403)
  }
  await new Promise((turn) => setImmediate(turn))
  assert.equal(server.spent, 0)
  const request = {}
  assert.ok('principal' in (await guard.admitting([{ cost: 8 }])(by(key), request)))
  const no = await guard.admitting([{ cost: 11 }])(by(key), request)
  assert.ok('answer' in no && no.answer.status === 429)
  await new Promise((turn) => setImmediate(turn))
  assert.equal(server.spent, 0)
  assert.deepEqual(await counted(), ['missing_scope orders:write 12 12', 'quota_exceeded - 1 1'])
})

test('VER-06: a count that was delivered before a later guard refuses is not undone', async () => {
  const { server, guard, counted } = open()
  const key = server.add()
  const request = {}
  await guard.admitting([])(by(key), request)
  await guard.close()
  await guard.admitting(['orders:read'])(by(key), request)
  await guard.admitting(['orders:write'])(by(key), request)
  assert.deepEqual(await counted(), [
    'accepted - 1 1',
    'missing_scope orders:read 1 1',
    'missing_scope orders:write 1 0',
  ])
})

test('KEY-10: a key that ends between two guards is refused by the second', async () => {
  const { server, guard } = open()
  let nowMs = NOW
  const short = createGuard({ environment: 'live', source: server, now: () => nowMs, onError: () => {} })
  const key = server.add({ expiresAt: at(1) })
  const request = {}
  assert.ok('principal' in (await short.admitting([])(by(key), request)))
  nowMs += 2_000
  assert.ok('answer' in (await short.admitting([])(by(key), request)))
  await Promise.all([guard.close(), short.close()])
})

test('VER-06: concurrent guards of one request wait for each other', async () => {
  const { server, guard } = open()
  const key = server.add({ limits: DAILY })
  const request = {}
  const admit = guard.admitting(['orders:read'])
  const got = await Promise.all([admit(by(key), request), admit(by(key), request), admit(by(key), request)])
  assert.ok(got.every((each) => 'principal' in each))
  assert.equal(server.spent, 1)
  await guard.close()
})

test('a frozen carrier, or none, makes each guard a call of its own', async () => {
  const { server, guard } = open()
  const key = server.add({ limits: DAILY })
  const admit = guard.admitting([])
  const frozen = Object.freeze({})
  for (const carrier of [frozen, frozen, undefined]) assert.ok('principal' in (await admit(by(key), carrier)))
  assert.equal(server.spent, 3)
  await guard.close()
})
