import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { daysIn, daysOf, nameOf, PERIODS, periodOf } from './period.ts'

const NOW = Date.parse('2030-02-14T23:30:00Z')

describe('the period of a report', () => {
  it('is a span of whole days of UTC, of which the last one is in it', () => {
    const all = PERIODS.map((name) => {
      const { first, last } = daysOf(name, NOW)
      return `${name}: ${first} to ${last}`
    })
    assert.deepEqual(all, [
      'last_quarter: 2029-10-01 to 2029-12-31',
      'this_quarter: 2030-01-01 to 2030-02-14',
      'last_month: 2030-01-01 to 2030-01-31',
      'this_month: 2030-02-01 to 2030-02-14',
      'last_year: 2029-02-15 to 2030-02-14',
    ])
    assert.deepEqual(periodOf({ first: '2030-01-01', last: '2030-01-31' }), {
      from: '2030-01-01T00:00:00.000Z',
      to: '2030-02-01T00:00:00.000Z',
    })
  })

  it('is the same in the URL', () => {
    for (const name of PERIODS) {
      const days = daysOf(name, NOW)
      assert.deepEqual(daysIn(periodOf(days) ?? {}), days)
      assert.equal(nameOf(days, NOW), name)
    }
  })

  it('is none where a day is missing, impossible or before the first', () => {
    for (const [first, last] of [
      ['', '2030-01-01'],
      ['2030-01-01', ''],
      ['2030-13-01', '2030-13-02'],
      ['2030-01-02', '2030-01-01'],
    ] as const)
      assert.equal(periodOf({ first, last }), null, `${first} ${last}`)
    assert.equal(daysIn({}), null)
    assert.equal(daysIn({ from: 'x', to: 'y' }), null)
  })
})
