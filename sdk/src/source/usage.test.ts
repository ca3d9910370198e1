import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { at, NOW } from './record.fixture.ts'
import { UsageCounter } from './usage.ts'
import type { Outcome, UsageBatch, UsageItem } from './usage-batch.ts'

interface Call {
  readonly credentialId: string | null
  readonly outcome: Outcome
  readonly scopes: readonly string[]
  readonly ip: string | null
  readonly userAgent: string | null
}

const read = ['orders:read']
const call: Call = {
  credentialId: 'sec_1',
  outcome: 'accepted',
  scopes: read,
  ip: '203.0.113.7',
  userAgent: 'curl/8',
}

function note(counter: UsageCounter, different: Partial<Call> = {}, nowMs = NOW): void {
  const { credentialId, outcome, scopes, ip, userAgent } = { ...call, ...different }
  counter.note(credentialId, outcome, scopes, ip, userAgent, nowMs)
}

function take(counter: UsageCounter): UsageBatch {
  const batch = counter.take()
  assert.ok(batch)
  return batch
}

/** Takes all counts, as if each batch arrived. */
function drain(counter: UsageCounter): UsageItem[] {
  const items: UsageItem[] = []
  for (let batch = counter.take(); batch !== null; batch = counter.take()) {
    items.push(...batch.items)
    counter.delivered(batch)
  }
  return items
}

const sumOf = (items: readonly UsageItem[], field: 'calls' | 'count') =>
  items.reduce((sum, item) => sum + item[field], 0)

test('counts by credential, outcome, scope and minute, and keeps the last address and user agent', () => {
  const counter = new UsageCounter()
  note(counter)
  note(counter, { ip: '203.0.113.8', userAgent: null }, NOW + 1_000)
  note(counter, { outcome: 'expired' })
  note(counter, { credentialId: 'sec_2', scopes: [] })
  note(counter, {}, NOW + 60_000)
  const first = {
    credentialId: 'sec_1',
    outcome: 'accepted',
    scope: 'orders:read',
    minute: at(0),
    count: 1,
    calls: 1,
    lastAt: at(0),
    lastIp: '203.0.113.7',
    lastUserAgent: 'curl/8',
  }
  const expected = [
    { ...first, count: 2, calls: 2, lastAt: at(1), lastIp: '203.0.113.8', lastUserAgent: null },
    { ...first, outcome: 'expired' },
    { ...first, credentialId: 'sec_2', scope: '' },
    { ...first, minute: at(60), lastAt: at(60) },
  ]
  const byName = (a: object, b: object) => JSON.stringify(a).localeCompare(JSON.stringify(b))
  assert.deepEqual([...take(counter).items].sort(byName), expected.sort(byName))
})

test('a call that asks for two scopes counts for each, and is one call', () => {
  const counter = new UsageCounter()
  note(counter, { scopes: ['orders:read', 'orders:write', 'orders:read'], outcome: 'missing_scope' })
  assert.deepEqual(
    take(counter).items.map(({ scope, count, calls }) => [scope, count, calls]),
    [
      ['orders:read', 1, 1],
      ['orders:write', 1, 0],
    ],
  )
})

test('scopes in a new array each time, as a server reads them from requests, are one line', () => {
  const counter = new UsageCounter()
  for (let i = 0; i < 3; i++) note(counter, { scopes: ['orders:read'] })
  assert.deepEqual(
    take(counter).items.map(({ count }) => count),
    [3],
  )
})

test('counts a text that is not a scope, but not by its name', () => {
  const counter = new UsageCounter()
  note(counter, { scopes: ['nonsense', 'x'.repeat(200), '\0'], outcome: 'missing_scope' })
  assert.deepEqual(
    take(counter).items.map(({ scope, count, calls }) => [scope, count, calls]),
    [['', 1, 1]],
  )
})

test('unknown credentials are one number per minute, whatever they ask for, and the last address is kept', () => {
  const counter = new UsageCounter()
  const unknown = { credentialId: null, outcome: 'unknown' } as const
  for (let i = 0; i < 500; i++) note(counter, { ...unknown, scopes: [`orders:r${i}`], ip: `2001:db8::${i}` })
  const items = drain(counter)
  assert.deepEqual(
    items.map(({ credentialId, scope, count, lastIp }) => [credentialId, scope, count, lastIp]),
    [[null, '', 500, '2001:db8::499']],
  )
})

test('resends a batch that did not arrive, unchanged and under its id; later counts wait', () => {
  const counter = new UsageCounter()
  assert.equal(counter.take(), null)
  note(counter)
  const first = take(counter)
  assert.match(first.id, /^[0-9a-f-]{36}$/)
  note(counter, {}, NOW + 1)
  assert.equal(counter.take(), first)
  counter.delivered(first)
  const second = take(counter)
  assert.notEqual(second.id, first.id)
  assert.equal(second.items[0]?.count, 1)
  counter.delivered(first)
  assert.equal(counter.take(), second, 'a late word about the first says nothing about the second')
  counter.delivered(second)
  assert.equal(counter.take(), null)
})

test('for any sequence of notes, losses and deliveries, the counts that arrive once per id are those noted', () => {
  const step = fc.constantFrom('note', 'note', 'note', 'lose the answer', 'deliver', 'give up')
  const made = fc.record({
    credentialId: fc.constantFrom('sec_1', 'sec_2', null),
    outcome: fc.constantFrom<Outcome[]>('accepted', 'revoked', 'missing_scope'),
    scopes: fc.constantFrom([], read, ['orders:read'], ['orders:read', 'orders:write'], ['orders:write']),
  })
  const minutes = fc.constantFrom(0, 0, 0, 60_000, -60_000)
  fc.assert(
    fc.property(fc.array(fc.tuple(step, made, minutes), { maxLength: 60 }), (steps) => {
      const counter = new UsageCounter()
      const arrived = new Map<string, UsageBatch>()
      let [nowMs, noted, asked, gaveUp] = [NOW, 0, 0, 0]
      const send = (what: string) => {
        const batch = counter.take()
        if (batch === null) return
        if (what === 'give up' && !arrived.has(batch.id)) gaveUp += counter.giveUp(batch)
        else {
          arrived.set(batch.id, batch)
          if (what !== 'lose the answer') counter.delivered(batch)
        }
      }
      for (const [what, call, laterMs] of steps) {
        nowMs += laterMs
        if (what !== 'note') send(what)
        else {
          note(counter, call, nowMs)
          noted += 1
          if (call.credentialId !== null && call.scopes.includes('orders:read')) asked += 1
        }
      }
      const whole = gaveUp === 0
      while (counter.take() !== null) send('deliver')
      const items = [...arrived.values()].flatMap((batch) => batch.items)
      assert.equal(sumOf(items, 'calls') + gaveUp, noted)
      assert.equal(counter.dropped, gaveUp)
      for (const item of items) assert.ok(item.lastAt >= item.minute && Number(item.minute) % 60_000 === 0)
      if (whole)
        assert.equal(
          sumOf(
            items.filter(({ scope }) => scope === 'orders:read'),
            'count',
          ),
          asked,
        )
    }),
  )
})

test('bounds a flood of credentials: known ones are still counted, the rest count as dropped', () => {
  const counter = new UsageCounter()
  for (let i = 0; i < 50_005; i++) note(counter, { credentialId: `sec_${i}` })
  note(counter, { credentialId: 'sec_0' })
  assert.equal(counter.dropped, 5)
  assert.equal(sumOf(drain(counter), 'calls'), 50_001)
  note(counter, { credentialId: 'sec_60000' })
  assert.equal(drain(counter).length, 1, 'what was taken makes room')
})

test('delivers many counts in batches that the server can write at once', () => {
  const counter = new UsageCounter()
  for (let i = 0; i < 2_500; i++) note(counter, { credentialId: `sec_${i}` })
  const sizes = []
  for (let batch = counter.take(); batch !== null; batch = counter.take()) {
    sizes.push(batch.items.length)
    counter.delivered(batch)
  }
  assert.deepEqual(sizes, [1_000, 1_000, 500])
})

test('counts coarser rather than not at all where delivery fails for long', () => {
  const counter = new UsageCounter()
  const minutes = 2_000
  for (let i = 0; i < minutes; i++) note(counter, {}, NOW + i * 60_000)
  const items = drain(counter)
  assert.equal(counter.dropped, 0)
  assert.equal(sumOf(items, 'calls'), minutes)
  assert.equal(items.length, 1_000)
  assert.deepEqual(Math.max(...items.map(({ lastAt }) => Number(lastAt))), NOW + (minutes - 1) * 60_000)
})

test('scopes that are different each time are bounded for each credential', () => {
  const counter = new UsageCounter()
  for (let i = 0; i < 1_100; i++) note(counter, { scopes: [`orders:r${i}`] })
  assert.equal(counter.dropped, 100)
})

test('credentials seen in URLs are kept by hash, once each, and bounded', () => {
  const counter = new UsageCounter()
  for (let i = 0; i < 1_003; i++) counter.noteExposure({ hash: `${i}`, at: at(0), ip: null })
  counter.noteExposure({ hash: '7', at: at(1), ip: '203.0.113.7' })
  assert.equal(counter.dropped, 3)
  const { exposed, items } = take(counter)
  assert.equal(exposed.length, 1_000)
  assert.deepEqual(exposed[7], { hash: '7', at: at(1), ip: '203.0.113.7' })
  assert.deepEqual(items, [])
})

test('AUD-06: cuts a user agent, and removes control characters', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary', maxLength: 400 }), fc.string({ unit: 'binary-ascii' })),
      (text) => {
        const counter = new UsageCounter()
        note(counter, { userAgent: text })
        const kept = take(counter).items[0]?.lastUserAgent ?? ''
        assert.ok(kept.length <= 256 && kept.isWellFormed())
        assert.doesNotMatch(kept, /\p{Cc}/u)
      },
    ),
  )
})

test('AUD-06: removes C1 controls, which headers may contain and terminals obey, from a user agent', () => {
  const counter = new UsageCounter()
  note(counter, { userAgent: 'cu\x00rl\x1b[2J\x7f/\x85\x9b31m8 é' })
  assert.equal(take(counter).items[0]?.lastUserAgent, 'curl[2J/31m8 é')
})

test('AUD-06: a cut inside a surrogate pair leaves no half', () => {
  const counter = new UsageCounter()
  note(counter, { userAgent: `${'a'.repeat(255)}🚪` })
  assert.equal(take(counter).items[0]?.lastUserAgent, `${'a'.repeat(255)}\ufffd`)
})

test('a dropped batch counts as dropped and is not resent', () => {
  const counter = new UsageCounter()
  note(counter, { scopes: ['orders:read', 'orders:write'] })
  note(counter, { scopes: ['orders:read', 'orders:write'] })
  counter.noteExposure({ hash: 'a', at: at(0), ip: null })
  assert.equal(counter.giveUp(take(counter)), 3)
  assert.equal(counter.dropped, 3)
  assert.equal(counter.take(), null)
})
