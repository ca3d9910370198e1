import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { dateOf, momentOfMs, momentOfText, UnreadableMomentError } from './moments.ts'

describe('moments from the database', () => {
  const read: [text: string, moment: string][] = [
    ['2026-03-01 12:00:00+00', '2026-03-01T12:00:00.000Z'],
    ['2026-03-01 12:00:00.5+00', '2026-03-01T12:00:00.500Z'],
    ['2026-03-01 12:00:00.123456+00', '2026-03-01T12:00:00.123Z'],
    ['2026-03-01 17:45:00+05:45', '2026-03-01T12:00:00.000Z'],
    ['2026-03-01 08:30:00-03:30', '2026-03-01T12:00:00.000Z'],
    ['1880-01-01 00:19:32+00:19:32', '1880-01-01T00:00:00.000Z'],
    ['0050-01-01 00:00:00+00', '0050-01-01T00:00:00.000Z'],
    ['10000-01-01 00:00:00+00', '+010000-01-01T00:00:00.000Z'],
  ]
  for (const [text, moment] of read)
    it(`reads ${text}`, () => assert.equal(momentOfText(text).toISOString(), moment))

  const refused = [
    ['another style', '01.03.2026 12:00:00 UTC'],
    ['another style', '03/01/2026 12:00:00 UTC'],
    ['another style', 'Sun Mar 01 12:00:00 2026 UTC'],
    ['no zone', '2026-03-01 12:00:00'],
    ['no time', '2026-03-01'],
    ['for ever', 'infinity'],
    ['since ever', '-infinity'],
    ['before Christ', '0044-03-15 12:00:00+00 BC'],
    ['beyond what can be stored', '294276-12-31 23:59:59+00'],
    ['nothing', ''],
    ['something behind it', '2026-03-01 12:00:00+00 '],
  ] as const
  for (const [why, text] of refused)
    it(`STO-06: refuses "${text}": ${why}`, () =>
      assert.throws(() => momentOfText(text), UnreadableMomentError))

  it('STO-06: reads every moment in every zone as Postgres writes it', () => {
    const moment = fc.date({
      min: new Date('0001-01-02T00:00:00Z'),
      max: new Date('9999-12-30T00:00:00Z'),
      noInvalidDate: true,
    })
    fc.assert(
      fc.property(moment, fc.integer({ min: -12 * 60, max: 14 * 60 }), (at, east) => {
        const there = new Date(at.getTime() + east * 60_000).toISOString()
        const size = Math.abs(east)
        const offset = [Math.floor(size / 60), size % 60].map((part) => String(part).padStart(2, '0'))
        const text = `${there.slice(0, -1).replace('T', ' ')}${east < 0 ? '-' : '+'}${offset.join(':')}`
        assert.equal(momentOfText(text).getTime(), at.getTime())
      }),
    )
  })

  it('STO-06: treats only null as never, and no number', () => {
    assert.equal(dateOf(null), null)
    assert.equal(dateOf(0)?.getTime(), 0)
    for (const found of [undefined, Number.NaN, Number.POSITIVE_INFINITY, 9e15, 'Infinity', '2026-03-01', {}])
      assert.throws(() => dateOf(found as number), UnreadableMomentError)
    assert.throws(() => momentOfMs(null as unknown as number), UnreadableMomentError)
  })
})
