import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { testClock } from '../../../test/clock.ts'
import { GuessLimits } from './brute-force-limits.ts'

describe('guesses at clients', () => {
  it('TOK-19: the 31st failure in five minutes waits, at this client and from this network', () => {
    const clock = testClock()
    const guesses = new GuessLimits(clock)
    for (let n = 0; n < 30; n++) assert.equal(guesses.failed('2001:db8::1', 'cli_a'), null)
    clock.advance({ seconds: 100 })
    assert.equal(guesses.failed('2001:db8::2', 'cli_a'), 200, 'the same /64')
    assert.equal(guesses.failed('2001:db8::2', 'cli_b'), null)
    assert.equal(guesses.failed('2001:db8:1::1', 'cli_a'), null)
    clock.advance({ seconds: 200 })
    assert.equal(guesses.failed('2001:db8::1', 'cli_a'), null)
  })

  it('TOK-19: made-up names fill no memory', () => {
    const guesses = new GuessLimits(testClock())
    for (let n = 0; n < 12_000; n++) guesses.failed(null, `${n}`)
    assert.equal(guesses.size, 10_000)
  })
})
