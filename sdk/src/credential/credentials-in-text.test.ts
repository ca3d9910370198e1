import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { mintCredential } from './credential.ts'
import type { CredentialKind } from './credential-format.ts'
import { credentialsIn, withoutCredentials, withoutSecretShapes } from './credentials-in-text.ts'

const mint = (kind: CredentialKind = 'api_key', brand: string | null = null) =>
  mintCredential(kind, { brand, environment: kind === 'admin_key' ? null : 'live' }).reveal()
const key = mint()
const escaped = (text: string) =>
  [...text].map((char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`).join('')

/** Ways in which a pasted credential appears in a URL, with its surroundings. */
const PLACES: readonly ((text: string) => string)[] = [
  (k) => `/a?key=${k}`,
  (k) => `/a?${k}`,
  (k) => `/a?${k}=1&b`,
  (k) => `/a?access_token=x&other=${k}`,
  (k) => `/a?token=${k}%0A`,
  (k) => `/a?token=%20${k}%20`,
  (k) => `/a?token=+${k}+`,
  (k) => `/a?token=%22${k}%22`,
  (k) => `/a?token='${k}'`,
  (k) => `/a?authorization=Bearer%20${k}`,
  (k) => `/a?authorization=Bearer+${k}`,
  (k) => `/a?q=${encodeURIComponent(JSON.stringify({ key: k }))}`,
  (k) => `/a?q=${encodeURIComponent(JSON.stringify({ key: `\n${k}\n` }))}`,
  (k) => `/a?next=${encodeURIComponent(`https://x.example/?api_key=${k}`)}`,
  (k) => `/a?next=${encodeURIComponent(encodeURIComponent(`https://x.example/?api_key=${k}&y`))}`,
  (k) => `/a;key=${k};b`,
  (k) => `/a,${k},b`,
  (k) => `/orders/${k}/items`,
  (k) => `/${k}`,
  (k) => `/orders#${k}`,
  (k) => `https://${k}@api.example/orders`,
  (k) => `https://api.example/orders?x[${k}]=1`,
  (k) => `/a?x=Key${k}`,
  (k) => `/a?x=${k}AndMoreBehindIt`,
  (k) => `/a?x=${k}_more`,
  (k) => `/a?x=-----${k}-----`,
  (k) => `/a?x=${k.replaceAll('_', '%5F')}`,
  (k) => `/a?x=${k.replaceAll('_', '%5f')}`,
  (k) => `/a?x=${k.replaceAll('_', '%255F')}`,
  (k) => `/${escaped(k)}`,
  (k) => `/${encodeURIComponent(escaped(k))}`,
  (k) => `/%zz%${k}%`,
  (k) => `/%E0%A4%A?x=${k}`,
  (k) => `/größe?x=${k}`,
]

test('VER-13: a credential is found by its shape wherever it stands in a URL, escaped once or twice', () => {
  const kinds: CredentialKind[] = ['api_key', 'admin_key', 'access_token', 'refresh_token', 'client_secret']
  for (const text of [
    ...kinds.map((kind) => mint(kind)),
    mint('api_key', 'acme'),
    mint('admin_key', 'acme_corp'),
  ])
    for (const place of PLACES) {
      const url = place(text)
      assert.deepEqual(credentialsIn(url), [text], url)
      assert.ok(!withoutCredentials(url).includes(text.slice(-49)), url)
      assert.deepEqual(credentialsIn(withoutCredentials(url)), [], url)
      assert.deepEqual(credentialsIn(withoutSecretShapes(url)), [], url)
    }
})

test('VER-13: every one of several is found, once', () => {
  const [a, b] = [mint(), mint('access_token')]
  assert.deepEqual(credentialsIn(`/${a}?x=${b}&y=${a}&z=${encodeURIComponent(`/${b}`)}`), [a, b])
  assert.equal(
    withoutCredentials(`x ${a}, ${b}; ${a.replaceAll('_', '%5F')}!`),
    'x [secret], [secret]; [secret]!',
  )
})

test('ignores texts that only look like a credential: the checksum is wrong, or the prefix is not ours', () => {
  const wrong = `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`
  const texts = [
    wrong,
    key.toUpperCase(),
    key.slice(0, -1),
    key.replace('live', 'test'),
    key.replaceAll('_', '-'),
  ]
  texts.push(key.slice(key.lastIndexOf('_')), key.replace('sk_', ''), 'access_token=x', 'api_key=hunter2')
  for (const text of texts) {
    assert.deepEqual(credentialsIn(`/a?x=${text}`), [], text)
    assert.equal(withoutCredentials(`/a?x=${text}`), `/a?x=${text}`)
  }
})

test('AUD-03: the log hides what is shaped like one, with a wrong checksum and with more behind it too', () => {
  const wrong = `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`
  for (const text of [key, wrong, `${key}a`, `${key}${'b'.repeat(500)}`, `${key}_`, `${key}%0A`]) {
    const shown = withoutSecretShapes(`before ${text} behind`)
    assert.match(shown, /^before \[secret\](_|%0A)? behind$/, text)
  }
  for (const plain of [
    '',
    'a',
    '/v1/keys/key_4fGh',
    'request_id',
    '%',
    '%5',
    '%5F',
    'x'.repeat(500),
    'a_'.repeat(500),
  ])
    assert.equal(withoutSecretShapes(plain), plain)
})

test('VER-15: hostile sizes: near misses, runs without an end, and escapes of escapes', () => {
  const miss = `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`
  const hostile = [
    miss,
    'a',
    'a_',
    '_',
    '%',
    '%25',
    '%5f',
    `_${'a'.repeat(49)}`,
    `_${'a'.repeat(48)}`,
    `${'a'.repeat(64)}_`,
    '%25%35%46',
  ]
  for (const piece of hostile) {
    const filler = piece.repeat(Math.ceil(200_000 / piece.length))
    assert.deepEqual(credentialsIn(filler), [], piece)
    assert.deepEqual(credentialsIn(`${filler} ${key}`), [key], piece)
    assert.equal(withoutCredentials(`${filler} ${key}`), `${filler} [secret]`)
    assert.ok(!withoutSecretShapes(`${filler} ${key}`).includes(key), piece)
  }
})

test('VER-13: finds a credential in any surroundings, and changes nothing else', () => {
  const around = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('%', '%2', '_', '%5F', 'sk_', 'a'),
  )
  fc.assert(
    fc.property(around, around, fc.nat(2), (before, behind, depth) => {
      let text = key
      for (let n = 0; n < depth; n++) text = n === 0 ? escaped(text) : encodeURIComponent(text)
      const whole = `${before}/${text}/${behind}`
      assert.ok(credentialsIn(whole).includes(key), whole)
      assert.equal(withoutCredentials(whole), `${before}/[secret]/${behind}`)
    }),
    { numRuns: 300 },
  )
})
