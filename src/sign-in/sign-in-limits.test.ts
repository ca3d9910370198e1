import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { testClock } from '../../test/clock.ts'
import { SignInLimits } from './sign-in-limits.ts'

/** Counts the attempts that the limit allows. */
function passed(limits: SignInLimits, times: number, who: (n: number) => [email: string, ip: string | null]) {
  let count = 0
  for (let n = 0; n < times; n++) if (limits.attempt(...who(n)) === null) count += 1
  return count
}

describe('limits on guessing', () => {
  it('CON-05: limits one network to ten attempts at a user, and lets others try the same user', () => {
    const limits = new SignInLimits(testClock())
    assert.equal(
      passed(limits, 20, () => ['ann@x.example', '192.0.2.1']),
      10,
    )
    assert.equal(limits.attempt('ann@x.example', '192.0.2.2'), null)
    const seconds = limits.attempt('ann@x.example', '192.0.2.1')
    assert.ok(seconds !== null && seconds > 0 && seconds <= 600)
  })

  it('CON-05: limits a user to a hundred attempts from all networks together', () => {
    const limits = new SignInLimits(testClock())
    assert.equal(
      passed(limits, 150, (n) => ['ann@x.example', `192.0.2.${n}`]),
      100,
    )
    assert.equal(limits.attempt('bo@x.example', '192.0.2.1'), null)
  })

  it('CON-05: limits an address to a hundred attempts at all users, and counts an IPv6 network as one address', () => {
    for (const ip of ['192.0.2.1', null]) {
      const limits = new SignInLimits(testClock())
      assert.equal(
        passed(limits, 150, (n) => [`u${n}@x.example`, ip]),
        100,
      )
    }
    const limits = new SignInLimits(testClock())
    const inOne = (n: number) => (n % 2 === 0 ? `2001:db8:0:7::${n + 1}` : `2001:db8::7:${n}:0:0:1`)
    assert.equal(
      passed(limits, 150, (n) => [`u${n}@x.example`, inOne(n)]),
      100,
    )
    assert.equal(limits.attempt('ann@x.example', '2001:db8:0:8::1'), null)
  })

  it('resets its count after the right password', () => {
    const limits = new SignInLimits(testClock())
    for (let n = 0; n < 10; n++) {
      assert.equal(
        passed(limits, 9, () => ['ann@x.example', '192.0.2.1']),
        9,
        `round ${n}`,
      )
      limits.succeeded('ann@x.example', '192.0.2.1')
    }
    assert.equal(limits.attempt('ann@x.example', '192.0.2.1'), null)
  })

  it('CON-05: limits an IPv6 /48 to four hundred attempts, and one of its networks cannot use them up alone', () => {
    const limits = new SignInLimits(testClock())
    const inSite = (n: number): [string, string] => [
      `u${n}@x.example`,
      `2001:db8:0:${(n % 1000).toString(16)}::1`,
    ]
    assert.equal(passed(limits, 5_000, inSite), 400)
    assert.notEqual(limits.attempt('ann@x.example', '2001:db8:0:ffff::1'), null)
    assert.equal(limits.attempt('ann@x.example', '2001:db8:1::1'), null)
    const others = new SignInLimits(testClock())
    assert.equal(
      passed(others, 5_000, (n) => [`u${n}@x.example`, '2001:db8::1']),
      100,
    )
    assert.equal(others.attempt('ann@x.example', '2001:db8:0:1::1'), null)
  })

  it('CON-05: keeps a bounded number of counts, whatever addresses and networks strangers make up', () => {
    const clock = testClock()
    const limits = new SignInLimits(clock)
    for (let n = 0; n < 100_000; n++) {
      limits.attempt(`u${n}@x.example`, `2001:db8:${(n >> 2).toString(16)}::1`)
      if (n % 1000 === 0) assert.ok(limits.size <= 60_000)
    }
    assert.equal(limits.size, 60_000)
    clock.advance({ seconds: 3600 })
    assert.equal(
      passed(limits, 20, () => ['ann@x.example', '192.0.2.1']),
      10,
    )
  })

  it('CON-05: does not count an attempt at a user for which there was no time, and forgets the user', () => {
    const limits = new SignInLimits(testClock())
    for (let n = 0; n < 99; n++) {
      assert.equal(limits.attempt('ann@x.example', '192.0.2.1'), null)
      limits.notMade('ann@x.example', '192.0.2.1')
    }
    assert.equal(limits.size, 1)
    assert.equal(limits.attempt('ann@x.example', '192.0.2.1'), null)
    assert.notEqual(limits.attempt('ann@x.example', '192.0.2.1'), null)
  })
})
