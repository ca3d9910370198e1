import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { testClock } from '../../test/clock.ts'
import { no, yes } from '../base/result.ts'
import { FetchBounds, type FetchReason } from './bounded-fetch.ts'
import type { FetchDocument, FetchFault } from './guarded-fetch.ts'

const GOOD = yes({ json: {}, maxAgeSeconds: null })
const never: FetchDocument = () => new Promise(() => {})
const stranger = (n: number): FetchReason => ({ ip: `192.0.2.${n}`, isRelied: false })
const relied = (n: number): FetchReason => ({ ip: `192.0.2.${n}`, isRelied: true })
const host = (n: number) => `https://h${n}.example/x`

/** Fetches that stay open until they are released. */
function world() {
  const clock = testClock()
  const told = { asked: 0, says: GOOD as Awaited<ReturnType<FetchDocument>> }
  let release = () => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const bounds = new FetchBounds(async () => {
    told.asked += 1
    await gate
    return told.says
  }, clock)
  return { clock, told, bounds, release }
}

describe('bounds on fetches', () => {
  it('REG-15: an operation that never settles holds neither its caller nor a slot', async () => {
    const bounds = new FetchBounds(never, testClock(), 20)
    for (let round = 0; round < 4; round++) {
      const answers = await Promise.all(
        [0, 1, 2, 3, 4, 5, 6, 7].map((n) => bounds.fetch(host(round * 8 + n), stranger(n))),
      )
      assert.deepEqual(new Set(answers.map((each) => (each.ok ? 'fetched' : each.no))), new Set(['too_slow']))
      assert.equal(bounds.taken, 0)
    }
  })

  it('REG-15: strangers take at most eight slots, from any networks, and the rest is reserved for relied-on clients', async () => {
    const { bounds, told, release } = world()
    const strangers = Array.from({ length: 60 }, (_, n) => bounds.fetch(host(n), stranger(n)))
    assert.deepEqual(await strangers[8], no('too_many'))
    assert.equal(told.asked, 8)
    const clients = Array.from({ length: 16 }, (_, n) => bounds.fetch(host(100 + n), relied(n)))
    assert.equal(told.asked, 24)
    assert.deepEqual(await bounds.fetch(host(200), relied(50)), no('too_many'), 'all of them are bounded')
    release()
    assert.deepEqual(new Set((await Promise.all(clients)).map(({ ok }) => ok)), new Set([true]))
    assert.equal(bounds.taken, 0)
  })

  it('REG-15: one host or one network takes only a part of the slots, and a /48 of IPv6 counts as one network', async () => {
    const { bounds, told, release } = world()
    const many = [0, 1, 2, 3, 4].map((n) => bounds.fetch(`https://one.example/${n}`, stranger(n)))
    assert.equal(told.asked, 2)
    const site = [0, 1, 2, 3, 4, 5].map((n) =>
      bounds.fetch(host(n), { ip: `2001:db8:7:${n}::1`, isRelied: false }),
    )
    assert.equal(told.asked, 6)
    const same = [0, 1, 2].map((n) => bounds.fetch(host(20 + n), stranger(9)))
    assert.equal(told.asked, 8)
    release()
    await Promise.all([...many, ...site, ...same])
  })

  it('REG-15: backs off from an unreachable host, longer each time, and separately for relied-on clients', async () => {
    const { bounds, clock, told, release } = world()
    release()
    const faults: FetchFault[] = ['too_slow', 'not_resolved', 'not_reached']
    for (const [n, seconds] of [30, 60, 120, 240, 300, 300].entries()) {
      told.says = no(faults[n % 3] ?? 'too_slow')
      const before = told.asked
      await bounds.fetch('https://down.example/a', stranger(1))
      clock.advance({ seconds: seconds - 1 })
      assert.deepEqual(await bounds.fetch('https://down.example/b', stranger(2)), no('host_failing'))
      assert.equal(told.asked, before + 1, `${n}`)
      clock.advance({ seconds: 1 })
    }
    told.says = no('not_reached')
    await bounds.fetch('https://down.example/a', stranger(1))
    told.says = GOOD
    assert.equal((await bounds.fetch('https://down.example/a', relied(1))).ok, true)
    assert.equal((await bounds.fetch('https://down.example/a', stranger(1))).ok, false)
    clock.advance({ hours: 1 })
    assert.equal((await bounds.fetch('https://down.example/a', stranger(1))).ok, true)
  })

  it('REG-15: does not count a refused document as a failure of its host', async () => {
    const { bounds, told, release } = world()
    release()
    for (const fault of ['status', 'gone', 'not_json', 'too_large', 'address_not_public'] as const) {
      told.says = no(fault)
      assert.deepEqual(await bounds.fetch('https://up.example/a', stranger(1)), no(fault))
    }
  })
})
