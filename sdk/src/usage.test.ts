import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { at, NOW } from './record.fixture.ts'
import { type Outcome, type UsageBatch, UsageCounter } from './usage.ts'

const use = { credentialId: 'sec_1', outcome: 'accepted', ip: '203.0.113.7', userAgent: 'curl/8' } as const

function take(counter: UsageCounter): UsageBatch {
  const batch = counter.take()
  assert.ok(batch)
  return batch
}

test('counts by credential and outcome, and keeps who was last', () => {
  const counter = new UsageCounter()
  counter.note(use, NOW)
  counter.note({ ...use, ip: '203.0.113.8', userAgent: null }, NOW + 1_000)
  counter.note({ ...use, outcome: 'expired' }, NOW)
  counter.note({ ...use, credentialId: 'sec_2' }, NOW)
  const last = { lastAt: at(0), lastIp: '203.0.113.7', lastUserAgent: 'curl/8' }
  assert.deepEqual(take(counter).items, [
    {
      credentialId: 'sec_1',
      outcome: 'accepted',
      count: 2,
      lastAt: at(1),
      lastIp: '203.0.113.8',
      lastUserAgent: null,
    },
    { credentialId: 'sec_1', outcome: 'expired', count: 1, ...last },
    { credentialId: 'sec_2', outcome: 'accepted', count: 1, ...last },
  ])
})

test('a batch that did not arrive comes again as it was, under its id; what came since waits its turn', () => {
  const counter = new UsageCounter()
  assert.equal(counter.take(), null)
  counter.note(use, NOW)
  const first = take(counter)
  assert.match(first.id, /^[0-9a-f-]{36}$/)
  counter.note(use, NOW + 1)
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

test('whatever is noted, taken, lost and delivered: what arrives, once per id, is what was noted', () => {
  const step = fc.constantFrom('note', 'note', 'lose the answer', 'deliver')
  const credentialId = fc.constantFrom('sec_1', 'sec_2')
  const outcome = fc.constantFrom<Outcome[]>('accepted', 'revoked')
  fc.assert(
    fc.property(fc.array(fc.tuple(step, credentialId, outcome)), (steps) => {
      const counter = new UsageCounter()
      const arrived = new Map<string, UsageBatch>()
      const send = (deliver: boolean) => {
        const batch = counter.take()
        if (batch === null) return
        arrived.set(batch.id, batch)
        if (deliver) counter.delivered(batch)
      }
      for (const [what, credentialId, outcome] of steps)
        if (what === 'note') counter.note({ ...use, credentialId, outcome }, NOW)
        else send(what === 'deliver')
      send(true)
      send(true)
      const counts = [...arrived.values()].flatMap((batch) => batch.items.map((item) => item.count))
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        steps.filter(([what]) => what === 'note').length,
      )
    }),
  )
})

test('a flood of credentials is bounded: what is known goes on counting, the rest is counted as dropped', () => {
  const counter = new UsageCounter()
  for (let i = 0; i < 10_005; i++) counter.note({ ...use, credentialId: `sec_${i}` }, NOW)
  counter.note({ ...use, credentialId: 'sec_0' }, NOW)
  assert.equal(counter.dropped, 5)
  const { items } = take(counter)
  assert.equal(items.length, 10_000)
  assert.equal(items[0]?.count, 2)
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

test('AUD-06: a user agent is cut and holds no control characters', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary', maxLength: 400 }), fc.string({ unit: 'binary-ascii' })),
      (text) => {
        const counter = new UsageCounter()
        counter.note({ ...use, userAgent: text }, NOW)
        const kept = take(counter).items[0]?.lastUserAgent ?? ''
        assert.ok(kept.length <= 256 && kept.isWellFormed())
        assert.doesNotMatch(kept, /\p{Cc}/u)
      },
    ),
  )
})

test('AUD-06: C1 controls, which a header may hold and a terminal obeys, are none of the user agent', () => {
  const counter = new UsageCounter()
  counter.note({ ...use, userAgent: 'cu\x00rl\x1b[2J\x7f/\x85\x9b31m8 é' }, NOW)
  assert.equal(take(counter).items[0]?.lastUserAgent, 'curl[2J/31m8 é')
})

test('AUD-06: a cut through the middle of a character leaves no half', () => {
  const counter = new UsageCounter()
  counter.note({ ...use, userAgent: `${'a'.repeat(255)}🚪` }, NOW)
  assert.equal(take(counter).items[0]?.lastUserAgent, `${'a'.repeat(255)}\ufffd`)
})

test('what is given up counts as dropped and does not come again', () => {
  const counter = new UsageCounter()
  counter.note(use, NOW)
  counter.note(use, NOW)
  counter.noteExposure({ hash: 'a', at: at(0), ip: null })
  counter.giveUp(take(counter))
  assert.equal(counter.dropped, 3)
  assert.equal(counter.take(), null)
})
