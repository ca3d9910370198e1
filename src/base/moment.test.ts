import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { addSeconds } from './clock.ts'
import { momentAt, readMoment } from './moment.ts'

const READ: readonly (readonly [text: string, iso: string])[] = [
  ['2027-06-01T00:00:00Z', '2027-06-01T00:00:00.000Z'],
  ['2027-06-01t00:00:00z', '2027-06-01T00:00:00.000Z'],
  ['2027-06-01 00:00:00+02', '2027-05-31T22:00:00.000Z'],
  ['2027-06-01T00:00:00+0200', '2027-05-31T22:00:00.000Z'],
  ['2027-06-01T00:00:00-05:30', '2027-06-01T05:30:00.000Z'],
  ['2027-06-01T00:00:00.5Z', '2027-06-01T00:00:00.500Z'],
  ['9999-12-31T23:59:59.9999999Z', '9999-12-31T23:59:59.999Z'],
  ['9999-12-31T23:59:59+01:00', '9999-12-31T22:59:59.000Z'],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
  ['0000-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
  ['0001-01-01T00:00:00+00:01', '0001-01-01T00:00:00.000Z'],
  ['0099-02-28T00:00:00Z', '0099-02-28T00:00:00.000Z'],
  ['2028-02-29T12:00:00Z', '2028-02-29T12:00:00.000Z'],
]

const NOT_READ: readonly string[] = [
  '',
  '2027-06-01',
  '2027-06-01T00:00:00',
  '2027-06-01T00:00Z',
  '2027-02-30T00:00:00Z',
  '2027-02-29T00:00:00Z',
  '2027-13-01T00:00:00Z',
  '2027-00-01T00:00:00Z',
  '2027-06-00T00:00:00Z',
  '2027-06-01T24:00:00Z',
  '2027-06-01T00:60:00Z',
  '2030-06-30T23:59:60Z',
  '2027-06-01T00:00:00+24:00',
  '2027-06-01T00:00:00+02:60',
  '2027-06-01T00:00:00.Z',
  '2027-06-01T00:00:00 02:00',
  ' 2027-06-01T00:00:00Z',
  '2027-06-01T00:00:00Z\n',
  '9999-12-31T23:59:59-01:00',
  '9999-12-31T23:59:60Z',
  '+010000-01-01T00:00:00Z',
  '-000001-01-01T00:00:00Z',
  '10000-01-01T00:00:00Z',
  'yesterday',
  '1893456000',
]

describe('a moment in a text', () => {
  for (const [text, iso] of READ)
    it(`${text} is ${iso}`, () => assert.equal(readMoment(text)?.toISOString(), iso))

  for (const text of NOT_READ)
    it(`MGT-31: ${JSON.stringify(text)} is none`, () => assert.equal(readMoment(text), null))

  it('MGT-31: every parsed moment can be returned, and is parsed back as the same', () => {
    const two = fc.integer({ min: 0, max: 62 }).map((n) => String(n).padStart(2, '0'))
    const parts = fc.tuple(fc.nat(9999), two, two, two, two, two, fc.constantFrom('+', '-'), two, two)
    fc.assert(
      fc.property(parts, ([year, month, day, hour, minute, second, sign, hours, minutes]) => {
        const date = `${String(year).padStart(4, '0')}-${month}-${day}`
        const at = readMoment(`${date}T${hour}:${minute}:${second}${sign}${hours}:${minutes}`)
        if (at === null) return
        assert.match(at.toISOString(), /^\d{4}-/)
        assert.deepEqual(readMoment(at.toISOString()), at)
      }),
      { numRuns: 5_000 },
    )
  })

  it('MGT-31: computed moments stay within the years that can be stored', () => {
    const last = new Date('9999-12-31T23:59:59.999Z')
    assert.deepEqual(addSeconds(last, 1), last)
    assert.deepEqual(addSeconds(new Date(), 1e15), last)
    assert.equal(addSeconds(new Date(), -1e15).toISOString(), '0001-01-01T00:00:00.000Z')
    assert.deepEqual(momentAt(999_999_999_999_999), last)
  })
})
