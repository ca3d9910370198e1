import assert from 'node:assert/strict'
import test from 'node:test'
import { NOW } from '../source/record.fixture.ts'
import { BatchRefusedError } from '../source/source.ts'
import { UsageCounter } from '../source/usage.ts'
import type { UsageBatch } from '../source/usage-batch.ts'
import { flushEvery } from './flush.ts'

const turn = () => new Promise((done) => setImmediate(done))

/** A server that can fail or be slow, and a clock for the interval. */
function open(t: test.TestContext, send?: (batch: UsageBatch) => Promise<void>) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const counter = new UsageCounter()
  const note = () => counter.note('sec_1', 'accepted', [], null, null, NOW)
  const sent: UsageBatch[] = []
  const errors: unknown[] = []
  const clock = { nowMs: NOW }
  const flushing = flushEvery({
    counter,
    now: () => clock.nowMs,
    onError: (error) => errors.push(error),
    send: async (batch) => {
      sent.push(batch)
      await send?.(batch)
    },
  })
  const tick = async () => {
    clock.nowMs += 2_000
    t.mock.timers.tick(2_000)
    await turn()
  }
  return { counter, note, sent, errors, clock, flushing, tick }
}

test('delivers counts every 2 s, and nothing where there are none', async (t) => {
  const { counter, note, sent, tick } = open(t)
  await tick()
  note()
  note()
  assert.equal(sent.length, 0)
  await tick()
  await tick()
  assert.deepEqual(
    sent.map((batch) => batch.items[0]?.count),
    [2],
  )
  assert.equal(counter.dropped, 0)
})

test('resends a failed batch under its id, followed by later counts', async (t) => {
  let up = false
  const { note, sent, errors, tick } = open(t, async () => {
    if (!up) throw new Error('down')
  })
  note()
  await tick()
  note()
  await tick()
  up = true
  await tick()
  assert.deepEqual(
    sent.map((batch) => batch.id === sent[0]?.id),
    [true, true, true, false],
  )
  assert.equal(errors.length, 2)
})

test('one delivery at a time', async (t) => {
  const slow = Promise.withResolvers<void>()
  const { note, sent, tick } = open(t, () => slow.promise)
  note()
  await tick()
  note()
  await tick()
  await tick()
  assert.equal(sent.length, 1)
  slow.resolve()
  await turn()
  await tick()
  assert.equal(sent.length, 2)
})

test('under traffic that never ceases, a delivery is one batch each 2 s, and the last one brings the rest', async (t) => {
  const more: (() => void)[] = []
  const { note, sent, flushing, tick } = open(t, async () => more[0]?.())
  more.push(note)
  note()
  await tick()
  await turn()
  assert.equal(sent.length, 1)
  await tick()
  assert.equal(sent.length, 2)
  more.pop()
  note()
  await flushing.close()
  assert.equal(
    sent.reduce((sum, { items }) => sum + (items[0]?.calls ?? 0), 0),
    4,
  )
})

test('closing delivers the rest, after what is under way', async (t) => {
  const slow = Promise.withResolvers<void>()
  const { note, sent, flushing, tick } = open(t, () => slow.promise)
  note()
  await tick()
  note()
  const closed = flushing.close()
  slow.resolve()
  await closed
  assert.equal(sent.length, 2)
  note()
  await tick()
  assert.equal(sent.length, 2, 'the timer is stopped')
})

test('closing retries once a delivery that failed meanwhile', async (t) => {
  const slow = Promise.withResolvers<void>()
  const { note, sent, errors, flushing, tick } = open(t, () =>
    errors.length === 0 ? slow.promise : Promise.resolve(),
  )
  note()
  await tick()
  const closed = flushing.close()
  slow.reject(new Error('down'))
  await closed
  assert.deepEqual([sent.length, sent[1]?.id, errors.length], [2, sent[0]?.id, 1])
})

test('closing ends when the receiver is down', async (t) => {
  const { note, errors, flushing } = open(t, async () => {
    throw new Error('down')
  })
  note()
  await flushing.close()
  assert.equal(errors.length, 1)
})

test('drops a batch before the server forgets its id', async (t) => {
  const { counter, note, sent, clock, tick } = open(t, async () => {
    throw new Error('down')
  })
  note()
  await tick()
  clock.nowMs += 12 * 3600 * 1000
  await tick()
  assert.equal(counter.dropped, 1)
  note()
  await tick()
  assert.notEqual(sent.at(-1)?.id, sent[0]?.id)
})

test('loses and reports only the faulty items of a refused batch, and delivers the rest', async (t) => {
  const taken = new Map<string, number>()
  const { counter, note, sent, errors, tick } = open(t, async ({ items, exposed }) => {
    if (items.some(({ credentialId }) => credentialId === 'sec_7' || credentialId === 'sec_800'))
      throw new BatchRefusedError('the server refuses it')
    for (const { credentialId, calls } of items)
      taken.set(`${credentialId}`, (taken.get(`${credentialId}`) ?? 0) + calls)
    for (const { hash } of exposed) taken.set(hash, 1)
  })
  for (let i = 0; i < 1_500; i++) counter.note(`sec_${i}`, 'accepted', [], null, null, NOW)
  for (const hash of ['a', 'b', 'c']) counter.noteExposure({ hash, at: new Date(NOW), ip: null })
  await tick()
  await turn()
  assert.equal(taken.size, 1_501)
  assert.ok([...taken.values()].every((calls) => calls === 1))
  assert.equal(counter.dropped, 2)
  assert.equal(errors.length, 2)
  assert.match(String(errors[0]), /usage counts of 1 verifications are lost: the server refuses it/)
  assert.ok(sent.length < 50)
  assert.equal(new Set(sent.map(({ id }) => id)).size, sent.length, 'a half has an id of its own')
  note()
  await tick()
  assert.equal(errors.length, 2)
})

test('sends a bounded number of requests to a server that takes nothing, and reports all losses', async (t) => {
  const { counter, sent, errors, tick } = open(t, async () => {
    throw new BatchRefusedError('it is too new')
  })
  for (let i = 0; i < 1_000; i++) counter.note(`sec_${i}`, 'accepted', [], null, null, NOW)
  await tick()
  for (let i = 0; i < 10; i++) await turn()
  assert.equal(counter.dropped, 1_000)
  assert.ok(sent.length <= 2 * 64 + 1)
  assert.equal(errors.length, sent.length - 64)
  await tick()
  assert.equal(counter.take(), null)
})

test('reports and counts the refused items of a batch that was otherwise taken, and resends nothing', async (t) => {
  const { counter, sent, errors, tick } = open(t, async () => {
    throw new BatchRefusedError('some are not understood', { refusedCalls: 3 })
  })
  for (let i = 0; i < 10; i++) counter.note(`sec_${i}`, 'accepted', [], null, null, NOW)
  await tick()
  await tick()
  assert.deepEqual([sent.length, counter.dropped, errors.length], [1, 3, 1])
})

test('OPS-04: the timer does not keep the process alive', () => {
  const before = process.getActiveResourcesInfo().length
  const flushing = flushEvery({ counter: new UsageCounter(), send: async () => {}, onError: () => {} })
  assert.equal(process.getActiveResourcesInfo().length, before)
  return flushing.close()
})
