import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { indexOfFault } from './json-fault.ts'
import { parseStrictJson } from './strict-json.ts'

const read = (text: string) => parseStrictJson(Buffer.from(text))
const faultOf = (text: string) => {
  const found = read(text)
  assert.ok(!found.ok, `${text} was read`)
  return found.no
}

/** Input, and the place and text of its refusal. */
const REFUSED: readonly (readonly [text: string, at: string, says: RegExp])[] = [
  ['{"a":7615917337495251231}', '/a', /cannot be kept exactly; send it as text/],
  ['{"a":[0,-9007199254740993]}', '/a/1', /exactly/],
  ['{"a":1e400}', '/a', /exactly/],
  ['{"a":-1E400}', '/a', /exactly/],
  ['{"a":1e-400}', '/a', /exactly/],
  ['{"a":1e31}', '/a', /exactly/],
  ['{"a":-0}', '/a', /exactly/],
  ['{"a":-0.0e5}', '/a', /exactly/],
  ['{"a":0.12345678901234567891}', '/a', /exactly/],
  [`{"a":1${'0'.repeat(100_000)}1}`, '/a', /exactly/],
  ['12345678901234567890', '/', /exactly/],
  ['{"a":1,"a":1}', '/a', /more than once/],
  ['{"a":1,"\\u0061":1}', '/a', /more than once/],
  ['{"b":{"a/~":1 , "a/~":2}}', '/b/a~1~0', /more than once/],
  ['{"__proto__":1}', '/__proto__', /reserved/],
  ['{"\\u005f_proto__":1}', '/__proto__', /reserved/],
  ['{"constructor":{"prototype":{}}}', '/constructor/prototype', /reserved/],
  ['{"a":"\\u0000"}', '/a', /NUL/],
  ['{"a":"\\ud800"}', '/a', /surrogate/],
  ['{"a\\udc00":1}', '/a\ufffd', /surrogate/],
  [`${'['.repeat(17)}${']'.repeat(17)}`, `${'/0'.repeat(16)}`, /deeper than 16/],
  [`${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`, `${'/a'.repeat(16)}`, /deeper than 16/],
]

const KEPT: readonly string[] = [
  '9007199254740991',
  '9007199254740992',
  '-9007199254740991',
  '0.1',
  '12345678.5',
  '1.50',
  '1e2',
  '1.5E+3',
  '1e-7',
  '123456789012345680000',
  '1e21',
  '0',
  '0.0',
  '"\\ud83d\\ude00"',
  '"a\\"b\\\\"',
  '{}',
  '[]',
  '[ ]',
  ' { "a" : [ 1 , true , null , { "b" : "c" } ] } ',
  '{"constructor":1,"prototype":2,"toString":3,"a\\nb":4}',
  `${'['.repeat(16)}${']'.repeat(16)}`,
]

describe('untrusted JSON', () => {
  for (const [text, at, says] of REFUSED)
    it(`MGT-30: ${text.slice(0, 40)} is refused at ${at.slice(0, 30)}`, () => {
      const { code, detail, faults } = faultOf(text)
      assert.equal(code, 'invalid_request')
      assert.equal(faults?.[0]?.at, at)
      assert.match(detail, says)
      assert.ok(detail.length < 400)
    })

  for (const text of KEPT)
    it(`${text.slice(0, 40)} is read as JSON.parse reads it`, () =>
      assert.deepEqual(read(text), { ok: true, value: JSON.parse(text) }))

  it('reads empty input as undefined, and drops a byte order mark', () => {
    assert.deepEqual(read(''), { ok: true, value: undefined })
    assert.deepEqual(read('\ufeff{}'), { ok: true, value: {} })
  })

  it('MGT-30: refuses malformed UTF-8 instead of replacing it', () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
      [0x22, 0xc3],
      Buffer.from('{}', 'utf16le'),
    ]) {
      const found = parseStrictJson(Buffer.from(bytes))
      assert.ok(!found.ok)
      assert.match(found.no.detail, /UTF-8|read as JSON/)
    }
  })

  it('MGT-31: refuses invalid JSON with its place, without repeating it', () => {
    const rows: readonly (readonly [text: string, where: string])[] = [
      ['{"secret_xyz":', 'it ends too early'],
      ['{"secret_xyz', 'it ends too early'],
      ['[', 'it ends too early'],
      ['-', 'it has a fault at line 1, column 1'],
      ['secret_xyz', 'it has a fault at line 1, column 1'],
      ["{'secret_xyz': 1}", 'it has a fault at line 1, column 2'],
      ['{"a": 1,\n "secret_xyz": 2,\n}', 'it has a fault at line 3, column 1'],
      ['{"a": 1\n "secret_xyz": 2}', 'it has a fault at line 2, column 2'],
      ['{"a": undefined}', 'it has a fault at line 1, column 7'],
      ['{"a": 01}', 'it has a fault at line 1, column 7'],
      ['{"a" 1}', 'it has a fault at line 1, column 6'],
      ['{"a": "b\tc"}', 'it has a fault at line 1, column 9'],
      ['{"a": "\\x"}', 'it has a fault at line 1, column 8'],
      ['[1,]', 'it has a fault at line 1, column 4'],
      ['[1}', 'it has a fault at line 1, column 3'],
      ['{} {}', 'it has a fault at line 1, column 4'],
      ['{"a": 1}]', 'it has a fault at line 1, column 9'],
      ['{"a": 1,, "b": 2}', 'it has a fault at line 1, column 9'],
    ]
    for (const [text, where] of rows) {
      const { detail } = faultOf(text)
      assert.equal(detail, `The body cannot be read as JSON: ${where}.`, text)
      assert.ok(!detail.includes('secret_xyz'))
    }
  })

  it('MGT-31: finds a fault where JSON.parse finds one, and everything before it can be the start of JSON', () => {
    const text = fc
      .tuple(
        fc.json({ maxDepth: 4 }),
        fc.nat(),
        fc.constantFrom('', '{', ']', ',', '"', ':', 'x', '0', '\\', '\n'),
      )
      .map(
        ([json, at, put]) => json.slice(0, at % (json.length + 1)) + put + json.slice(at % (json.length + 1)),
      )
    fc.assert(
      fc.property(text, (text) => {
        let isJson = true
        try {
          JSON.parse(text)
        } catch {
          isJson = false
        }
        if (isJson) return
        const at = indexOfFault(text)
        assert.ok(at >= 0 && at <= text.length)
        if (at < text.length) assert.ok(indexOfFault(`${text.slice(0, at)}\u0001`) === at)
      }),
      { numRuns: 2_000 },
    )
    const started = `${'['.repeat(1_000_000)}x`
    assert.equal(indexOfFault(started), 1_000_000)
  })

  it('MGT-30: any JSON that is accepted is the same value when it is serialized again', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        const found = read(text)
        if (!found.ok) return
        assert.deepEqual(found.value, JSON.parse(text))
        assert.deepEqual(JSON.parse(JSON.stringify(found.value)), found.value)
      }),
    )
  })

  it('MGT-30: accepts a number only if it is the same number when it is serialized again', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 20 })
    const number = fc
      .tuple(fc.constantFrom('', '-'), fc.nat(9), digits, digits, fc.integer({ min: -25, max: 25 }))
      .map(([sign, first, more, fraction, exponent]) => {
        const whole = first === 0 ? '0' : `${first}${more}`
        return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}${exponent === 0 ? '' : `e${exponent}`}`
      })
    fc.assert(
      fc.property(number, (text) => {
        const found = read(`[${text}]`)
        const again = rational(JSON.stringify(JSON.parse(text)))
        const isSame =
          again.top * 10n ** BigInt(rational(text).scale) === rational(text).top * 10n ** BigInt(again.scale)
        const size = Math.abs(JSON.parse(text))
        const isUsual = size <= 1e30 && (size >= 1e-30 || size === 0) && !Object.is(JSON.parse(text), -0)
        assert.equal(found.ok, isSame && isUsual, text)
      }),
      { numRuns: 2_000 },
    )
  })
})

/** A decimal as an integer over a power of ten. */
function rational(text: string): { top: bigint; scale: number } {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text) ?? []
  const scale = fraction.length - Number(exponent)
  const top = BigInt(`${sign}${whole}${fraction}`) * (scale < 0 ? 10n ** BigInt(-scale) : 1n)
  return { top, scale: Math.max(0, scale) }
}
