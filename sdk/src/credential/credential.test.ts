import assert from 'node:assert/strict'
import test from 'node:test'
import { inspect } from 'node:util'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import {
  hashCredential,
  isCredentialHash,
  isWellFormed,
  mintCredential,
  parseCredential,
} from './credential.ts'
import {
  CREDENTIAL_MARKS,
  type CredentialKind,
  isBrand,
  isEnvironmentName,
  MAX_CREDENTIAL_LENGTH,
} from './credential-format.ts'
import { Secret } from './secret.ts'

const kind = fc.constantFrom(...(Object.keys(CREDENTIAL_MARKS) as CredentialKind[]))
const environment = fc.stringMatching(/^[a-z][a-z0-9]{0,15}$/).filter(isEnvironmentName)
const brand = fc.stringMatching(/^[a-z][a-z0-9]{0,9}(_[a-z0-9]{1,6}){0,3}$/).filter(isBrand)
const minted = fc
  .record({ kind, environment, brand: fc.option(brand) })
  .map(({ kind, environment, brand }) => {
    const place = { brand, environment: kind === 'admin_key' ? null : environment }
    return { kind, ...place, text: mintCredential(kind, place).reveal() }
  })

test('KEY-01, CRY-02: a body is 43 characters, each of the 62 equally likely', () => {
  const counts = new Map<string, number>()
  const mints = 2_000
  for (let i = 0; i < mints; i++)
    for (const char of mintCredential('admin_key').reveal().slice(3, 46))
      counts.set(char, (counts.get(char) ?? 0) + 1)
  assert.equal(counts.size, 62)
  const expected = (mints * 43) / 62
  const chiSquared = [...counts.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0)
  // 61 degrees of freedom: above 160 once in 10^10 runs; a plain `byte % 62` gives more than 500.
  assert.ok(chiSquared < 160, `chi² is ${chiSquared}`)
})

test('KEY-02: the prefix names brand, kind and environment', () => {
  assert.match(mintCredential('api_key', { environment: 'live' }).reveal(), /^sk_live_[0-9A-Za-z]{49}$/)
  assert.match(mintCredential('admin_key').reveal(), /^ak_[0-9A-Za-z]{49}$/)
  const branded = mintCredential('access_token', { environment: 'test', brand: 'acme_corp' }).reveal()
  assert.match(branded, /^acme_corp_at_test_[0-9A-Za-z]{49}$/)
})

test('KEY-03: the checksum is CRC-32 in base62, as any other tool computes it', () => {
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg'
  for (const text of [`sk_live_${digits}2LOcWk`, `ak_${digits}1UI0KZ`, `acme_corp_sk_test_${digits}1is9bs`])
    assert.ok(isWellFormed(text), text)
})

test('KEY-03: parses what was minted', () => {
  fc.assert(
    fc.property(minted, ({ text, kind, environment, brand }) => {
      const parsed = parseCredential(text)
      assert.deepEqual({ ...parsed, hint: null }, { kind, environment, brand, hint: null })
      assert.ok(text.length <= MAX_CREDENTIAL_LENGTH)
    }),
    { numRuns: 1_000 },
  )
})

test('KEY-03: accepts no random text as a credential', () => {
  const tail = fc.stringMatching(/^[0-9A-Za-z]{49}$/)
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    tail.map((tail) => `sk_live_${tail}`),
  )
  fc.assert(
    fc.property(text, (text) => !isWellFormed(text) && parseCredential(text) === null),
    { numRuns: 10_000 },
  )
})

test('KEY-02: refuses a prefix that is never minted, even with a right checksum', () => {
  const body = 'a'.repeat(43)
  for (const prefix of [
    'xx_live',
    'sk',
    'live',
    'sk_Live',
    'sk_live_eu',
    'sk_1',
    'sk_sk',
    'ak_live',
    'Acme_sk_live',
  ])
    assert.equal(parseCredential(withChecksum(`${prefix}_${body}`)), null, prefix)
  for (const prefix of ['_sk_live', 'a__sk_live', `${'b'.repeat(33)}_sk_live`, '', '_', 'é_sk_live'])
    assert.equal(parseCredential(withChecksum(`${prefix}_${body}`)), null, prefix)
  assert.equal(isWellFormed(withChecksum(`${'a'.repeat(MAX_CREDENTIAL_LENGTH)}_${body}`)), false, 'too long')
  assert.equal(
    parseCredential(withChecksum(`sk_live_${body}`))?.kind,
    'api_key',
    'else this would prove nothing',
  )
})

test('KEY-03: one changed character is refused', () => {
  fc.assert(
    fc.property(minted, fc.nat(), fc.string({ minLength: 1, maxLength: 1 }), ({ text }, nat, char) => {
      const at = nat % text.length
      fc.pre(text[at] !== char)
      return !isWellFormed(text.slice(0, at) + char + text.slice(at + 1))
    }),
    { numRuns: 10_000 },
  )
})

test('VER-17: one character left out or put in, wherever, is refused', () => {
  fc.assert(
    fc.property(minted, fc.nat(), fc.constantFrom(...'0Az_- \0é'), ({ text }, nat, char) => {
      const at = nat % text.length
      return (
        !isWellFormed(text.slice(0, at) + text.slice(at + 1)) &&
        !isWellFormed(text.slice(0, at) + char + text.slice(at))
      )
    }),
    { numRuns: 10_000 },
  )
})

test('VER-17: a credential cut short, or with something added, is refused', () => {
  fc.assert(
    fc.property(
      minted,
      fc.integer({ min: 1, max: 20 }),
      fc.string({ minLength: 1 }),
      ({ text }, cut, more) => {
        for (const wrong of [text.slice(0, -cut), text.slice(cut), text + more, more + text])
          assert.equal(isWellFormed(wrong), false, wrong)
      },
    ),
  )
})

test('VER-15: oversized and odd text is refused, and nothing throws', () => {
  const key = mintCredential('api_key', { environment: 'live' }).reveal()
  const odd = [
    '',
    '\0',
    `${key}\0`,
    key.replace('_', '\0'),
    '\ud800'.repeat(60),
    'é'.repeat(60),
    'k'.repeat(1e6),
  ]
  for (const text of odd) assert.equal(parseCredential(text), null)
})

test('KEY-07: a hint is the prefix and four characters', () => {
  fc.assert(
    fc.property(minted, ({ text }) => {
      const hint = parseCredential(text)?.hint ?? ''
      const prefix = text.slice(0, -49)
      return hint === `${prefix}${text.slice(prefix.length, prefix.length + 4)}…`
    }),
  )
})

test('KEY-06: a hash is SHA-256 of the whole text', () => {
  // FIPS 180-2, appendix B.1
  assert.equal(hashCredential('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  assert.equal(isCredentialHash(hashCredential('abc')), true)
  for (const text of ['', 'abc', 'A'.repeat(64), `${'a'.repeat(64)}\n`, 'g'.repeat(64)])
    assert.equal(isCredentialHash(text), false)
})

test('a prefix that could not be read back is never minted', () => {
  for (const environment of ['', 'Live', 'live_eu', 'sk', '1a', 'a'.repeat(17), 'é'])
    assert.throws(() => mintCredential('api_key', { environment }), RangeError)
  for (const brand of ['', 'Acme', '_a', 'a_', 'a__b', 'a'.repeat(33)])
    assert.throws(() => mintCredential('admin_key', { brand }), RangeError)
  assert.throws(() => mintCredential('api_key'), /api_key needs an environment/)
  assert.throws(() => mintCredential('admin_key', { environment: 'live' }), /admin_key has no environment/)
})

test('AUD-03: a secret does not print itself', () => {
  const secret = new Secret('sk_live_plain')
  const printed = [
    `${secret}`,
    String(secret),
    JSON.stringify({ secret }),
    inspect({ secret }),
    inspect(secret),
  ]
  printed.push(inspect(secret, { showHidden: true }), JSON.stringify(Object.entries(secret)))
  for (const text of printed) assert.doesNotMatch(text, /plain/)
  assert.equal(secret.reveal(), 'sk_live_plain')
})

/** A second implementation of the checksum: CRC-32 as six base62 digits. */
function withChecksum(text: string): string {
  const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
  const digits = Array.from({ length: 6 }, (_, at) => Math.floor(crc32(text) / 62 ** (5 - at)) % 62)
  return text + digits.map((digit) => alphabet[digit]).join('')
}
