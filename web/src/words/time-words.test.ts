import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { durationWords, exactWords, relativeWords } from './time-words.ts'

const NOW = Date.parse('2030-01-31T12:00:00Z')
const DAY = 86_400

describe('times in words', () => {
  const cases: [seconds: number, words: string][] = [
    [-3, 'just now'],
    [3, 'in a moment'],
    [-59, '59 seconds ago'],
    [-119, '1 minute ago'],
    [-2 * 3600, '2 hours ago'],
    [-DAY - 1, '1 day ago'],
    [-47 * DAY, '47 days ago'],
    [12.9 * DAY, 'in 12 days'],
    [-400 * DAY, '1 year ago'],
    [-100 * DAY, '3 months ago'],
  ]
  for (const [seconds, words] of cases)
    it(`says ${words}`, () => assert.equal(relativeWords(NOW + seconds * 1000, NOW), words))

  it('say the exact second with the zone', () => {
    assert.match(exactWords(NOW), /(31 Jan|1 Feb) 2030.*\d\d:\d\d:00 \S+/)
  })

  it('say how long', () => {
    assert.deepEqual([60, 3600, 1.5 * DAY, 90 * DAY].map(durationWords), [
      '1 minute',
      '1 hour',
      '1.5 days',
      '90 days',
    ])
  })
})
