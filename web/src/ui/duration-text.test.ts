import assert from 'node:assert/strict'
import { it } from 'node:test'
import { durationText, secondsIn } from './duration-text.ts'

it('a length of time is typed with its unit, and comes back as it was', () => {
  for (const [seconds, text] of [
    [7_776_000, '90 days'],
    [86_400, '1 day'],
    [3_600, '1 hour'],
    [129_600, '36 hours'],
    [90, '90 seconds'],
    [1_800, '30 minutes'],
    [null, ''],
  ] as const) {
    assert.equal(durationText(seconds), text)
    assert.equal(secondsIn(text), seconds)
  }
  for (const [text, seconds] of [
    ['90', 7_776_000],
    [' 1h ', 3_600],
    ['1.5 D', 129_600],
    ['30 min', 1_800],
  ] as const)
    assert.equal(secondsIn(text), seconds)
})

it('what is no length of time is refused by the API, and is never taken for none', () => {
  for (const text of ['x', '-1 d', '5 apples', '1e999', '1 d 2 h', '9'.repeat(400)])
    assert.equal(secondsIn(text), -1, text)
})
