import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { networksOf } from '../base/network.ts'
import { PasswordQueue } from './password-queue.ts'

/** A queue whose work the test completes. */
function openQueue() {
  const queue = new PasswordQueue()
  const started: string[] = []
  const refused: string[] = []
  const finishers: (() => void)[] = []
  const ask = (network: string, isGone = () => false, networks: readonly string[] = [network]) => {
    const name = `${network}#${started.length + refused.length}`
    const work = async () => {
      started.push(network)
      await new Promise<void>((done) => finishers.push(done))
      return name
    }
    return queue.run({ networks, isGone }, work).then((result) => {
      if (!result.ok) refused.push(network)
      return result
    })
  }
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  const finishOne = async () => {
    finishers.shift()?.()
    await settle()
  }
  return { queue, started, refused, finishers, ask, finishOne, settle }
}

it('CON-05: many attempts from one network delay another caller by at most one', async () => {
  const { started, refused, ask, finishOne, settle } = openQueue()
  for (let n = 0; n < 300; n++) void ask('thief')
  void ask('person')
  await settle()
  assert.deepEqual(started, ['thief', 'thief'])
  assert.equal(refused.filter((network) => network === 'thief').length, 300 - 2 - 19)
  await finishOne()
  await finishOne()
  assert.ok(started.includes('person'))
})

it('CON-05: a full queue of networks of one IPv6 /48 delays a caller from elsewhere, staff too, by at most one', async () => {
  const { queue, started, refused, ask, finishOne, settle } = openQueue()
  const inSite = (n: number) => networksOf(`2001:db8:0:${n.toString(16)}::1`)
  for (let n = 0; n < 42; n++) void ask(`site ${n}`, undefined, inSite(n))
  await settle()
  assert.deepEqual([queue.size, started.length, refused.length], [20, 2, 20])
  void ask('person', undefined, networksOf('198.51.100.7'))
  void ask('staff', undefined, networksOf('2001:db8:1::7'))
  await settle()
  assert.deepEqual([queue.size, refused.length, refused.includes('person')], [20, 22, false])
  for (let n = 0; n < 3; n++) await finishOne()
  assert.deepEqual(
    started.slice(2).map((name) => name.split(' ')[0]),
    ['site', 'person', 'staff'],
  )
  // Within the /48 its networks take turns too: a new one displaces a request of one that has several.
  for (let n = 0; n < 20; n++) void ask('site 50', undefined, inSite(50))
  void ask('site 51', undefined, inSite(51))
  await settle()
  for (let n = 0; n < 22; n++) await finishOne()
  assert.ok(started.includes('site 51') && started.includes('site 50'))
})

it('CON-05: at most twenty callers wait, from however many networks, and two are processed', async () => {
  const { queue, started, refused, ask, settle } = openQueue()
  for (let n = 0; n < 1000; n++) void ask(`network ${n}`)
  await settle()
  assert.deepEqual([queue.size, started.length, refused.length], [20, 2, 978])
})

it('CON-05: does no work for a caller that has disconnected', async () => {
  const { started, refused, ask, finishOne, settle } = openQueue()
  for (let n = 0; n < 2; n++) void ask('a')
  void ask('gone', () => true)
  void ask('b')
  await settle()
  await finishOne()
  assert.deepEqual([started, refused], [['a', 'a', 'b'], ['gone']])
})

it('answers every caller in any order of arrivals and disconnects, and is empty at the end', async () => {
  const calls = fc.array(
    fc.oneof(
      fc.constant('finish'),
      fc.constantFrom('a', 'b', 'c', 'gone').map((network) => network),
    ),
    { maxLength: 120 },
  )
  await fc.assert(
    fc.asyncProperty(calls, async (steps) => {
      const { queue, finishers, ask, finishOne, settle } = openQueue()
      const answers: Promise<unknown>[] = []
      for (const step of steps)
        if (step === 'finish') await finishOne()
        else answers.push(ask(step, () => step === 'gone'))
      while (finishers.length > 0 || queue.size > 0) await finishOne()
      await settle()
      await Promise.all(answers)
      assert.equal(queue.size, 0)
    }),
    { numRuns: 50 },
  )
})
