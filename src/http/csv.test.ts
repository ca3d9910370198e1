import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { csvRow } from './csv.ts'

describe('a row of CSV', () => {
  const cells: [name: string, value: string | number | null, written: string][] = [
    ['plain text', 'nightly export', 'nightly export'],
    ['nothing', null, ''],
    ['a number below zero', -1, '-1'],
    ['a comma', 'a,b', '"a,b"'],
    ['a quote', 'a "b"', '"a ""b"""'],
    ['two lines', 'a\r\nb', '"a\r\nb"'],
    ['a formula', '=HYPERLINK("https://evil.example","x")', '"\'=HYPERLINK(""https://evil.example"",""x"")"'],
    ['a formula by plus', '+1+cmd|a', "'+1+cmd|a"],
    ['a formula by minus', '-2+3', "'-2+3"],
    ['a formula by at', '@SUM(A1)', "'@SUM(A1)"],
    ['a tab before a formula', '\t=1', '"\'\t=1"'],
    ['a carriage return before a formula', '\r=1', '"\'\r=1"'],
    ['a sign inside', 'a=b', 'a=b'],
  ]
  for (const [name, value, written] of cells)
    it(`AUD-07: cannot be run as a formula, and is read back whole: ${name}`, () =>
      assert.equal(csvRow(['first', value]), `first,${written}\r\n`))
})
