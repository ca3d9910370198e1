import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { testClock } from '../../../test/clock.ts'
import { BruteForceLimits } from './brute-force-limits.ts'

describe('bruteForce at clients', () => {
  it('TOK-19: the 31st failure in five minutes waits, at this client and from this network', () => {
    const clock = testClock()
    const bruteForce = new BruteForceLimits(clock)
    for (let n = 0; n < 30; n++) assert.equal(bruteForce.failed('2001:db8::1', 'cli_a'), null)
    clock.advance({ seconds: 100 })
    assert.equal(bruteForce.failed('2001:db8::2', 'cli_a'), 200, 'the same /64')
    assert.equal(bruteForce.failed('2001:db8::2', 'cli_b'), null)
    assert.equal(bruteForce.failed('2001:db8:1::1', 'cli_a'), null)
    clock.advance({ seconds: 200 })
    assert.equal(bruteForce.failed('2001:db8::1', 'cli_a'), null)
  })

  it('TOK-19: made-up names fill no memory', () => {
    const bruteForce = new BruteForceLimits(testClock())
    for (let n = 0; n < 12_000; n++) bruteForce.failed(null, `${n}`)
    assert.equal(bruteForce.size, 10_000)
  })
})
