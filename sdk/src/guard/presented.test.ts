import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { hashCredential } from '../credential/credential.ts'
import { MAX_CREDENTIAL_LENGTH } from '../credential/credential-format.ts'
import { unknownKey } from '../source/record.fixture.ts'
import { type PresentedRequest, readCredential } from './presented.ts'

const key = unknownKey()
const other = unknownKey()

/** The text that was read, or the reason of the fault. */
function read(request: Partial<PresentedRequest>): string {
  const presentation = readCredential({ authorization: [], xApiKey: [], url: '/orders', ...request })
  return presentation.ok ? presentation.text : presentation.fault.reason
}

test('VER-13, RS-05: a key comes by Authorization: Bearer, the scheme in any case, or by X-API-Key', () => {
  for (const scheme of ['Bearer', 'bearer', 'BEARER', 'bEaReR', 'Bearer  '])
    assert.equal(read({ authorization: [`${scheme} ${key}`] }), key)
  assert.equal(read({ authorization: [`Bearer ${key} `] }), key)
  assert.equal(read({ xApiKey: [key] }), key)
})

test('RS-01: a request without one of our headers has no credential', () => {
  assert.equal(read({}), 'no_credential')
  for (const header of ['', 'Basic dXNlcjpwYXNz', `Digest ${key}`, `Bearerx ${key}`, `Bearer-2 ${key}`, key])
    assert.equal(read({ authorization: [header] }), 'no_credential', header)
  assert.equal(read({ authorization: ['Basic dXNlcjpwYXNz'], xApiKey: [key] }), key)
})

test('RS-02, VER-15: a broken header is malformed, and nothing throws', () => {
  const broken = [
    'Bearer',
    'Bearer ',
    'bearer   ',
    `Bearer\t${key}`,
    `Bearer,${key}`,
    `Bearer\0${key}`,
    'Bearer =',
  ]
  broken.push(`Bearer ${key} x`, `Bearer ${key},`, `Bearer ${key}\0`, `Bearer \0`)
  broken.push(`Bearer "${key}"`, 'Bearer ké', 'Bearer \ud800', `Bearer ${key}\r\nX: y`, 'Bearer a=b')
  for (const header of broken)
    assert.equal(read({ authorization: [header] }), 'malformed_header', JSON.stringify(header))
  for (const header of [' ', `${key} `, `Bearer ${key}`, `${key}\0`, `${key};`])
    assert.equal(read({ xApiKey: [header] }), 'malformed_header', JSON.stringify(header))
})

test('VER-14: two credentials are refused, and one that came twice too, in whatever way the runtime shows that', () => {
  const two: Partial<PresentedRequest>[] = [
    { authorization: [`Bearer ${key}`], xApiKey: [other] },
    { authorization: [`bearer ${key}`, `Bearer ${other}`] },
    { authorization: [`Bearer ${key}`, `Bearer ${key}`] },
    { authorization: [`Bearer ${key}`, 'Bearer x'] },
    { authorization: [`Bearer ${key}`, 'Basic eA=='] },
    { authorization: ['Basic eA==', `Bearer ${key}`] },
    { authorization: ['Basic eA==', 'Digest x=y', `Bearer ${key}`], xApiKey: [key] },
    { xApiKey: [key, other] },
    { xApiKey: [key, key] },
    { xApiKey: [key, '', other] },
  ]
  for (const request of two) {
    assert.equal(read(request), 'two_credentials', JSON.stringify(request))
    const joined = (list: readonly string[] = []) => (list.length === 0 ? [] : [list.join(', ')])
    const asOne = { authorization: joined(request.authorization), xApiKey: joined(request.xApiKey) }
    assert.equal(read(asOne), 'two_credentials', JSON.stringify(asOne))
  }
  assert.equal(read({ authorization: [`Bearer ${key}`], xApiKey: [key] }), key)
})

test('an empty header is none, alone and beside a credential', () => {
  for (const empty of [[''], ['', ''], [', ']]) {
    assert.equal(read({ xApiKey: empty }), 'no_credential')
    assert.equal(read({ authorization: empty }), 'no_credential')
    assert.equal(read({ authorization: [`Bearer ${key}`], xApiKey: empty }), key)
    assert.equal(read({ authorization: empty, xApiKey: [key] }), key)
    assert.equal(read({ xApiKey: [...empty, key] }), key)
    assert.equal(read({ authorization: [...empty, `Bearer ${key}`] }), key)
  }
})

test('accepts X-API-Key together with a proxy’s own Authorization of another scheme', () => {
  const digest = 'Digest username="a", realm="b, c", uri="/orders", response="0"'
  for (const header of ['Basic eDp5', digest, 'Negotiate abc=='])
    assert.equal(read({ authorization: [header], xApiKey: [key] }), key, header)
})

test('VER-13, RS-04: credentials anywhere in the URL are refused, and reported by their hashes alone', () => {
  for (const query of [
    `x=${key}`,
    `a=1&b=${key}&c`,
    `x=${key.replaceAll('_', '%5F')}`,
    `token=${key}%0A`,
    key,
  ])
    for (const url of [`/orders?${query}`, `https://api.example/orders?${query}`, `/orders/${query}#x`]) {
      const presentation = readCredential({ authorization: [`Bearer ${key}`], xApiKey: [], url })
      const fault = { reason: 'credential_in_url' }
      assert.deepEqual(presentation, { ok: false, fault, exposedHashes: [hashCredential(key)] }, url)
    }
  const both = readCredential({ authorization: [], xApiKey: [], url: `/${key}?${other}` })
  assert.deepEqual(!both.ok && both.exposedHashes, [hashCredential(key), hashCredential(other)])
})

test('accepts a URL without one of our credentials, whatever its parameters are called', () => {
  const urls = [
    '/',
    '/?',
    '/??',
    '/?access_token=',
    '/?api_key',
    '/?token=x',
    '/?q=%',
    '/?q=%E0%A4%A&r=%zz',
    '',
  ]
  for (const name of ['access_token', 'api_key', 'apikey', 'API_KEY', 'x-api-key', 'key'])
    urls.push(`/?${name}=hunter2`, `/?${name}=${key.slice(0, -1)}`, `/?${name}=eyJhbGciOiJub25lIn0.e30.`)
  for (const url of urls) assert.equal(read({ authorization: [`Bearer ${key}`], url }), key, url)
})

test('VER-15: a megabyte in a header or a query is cheap', () => {
  const long = 'a'.repeat(1_000_000)
  assert.equal(read({ authorization: [`Bearer ${long}`] }).length > MAX_CREDENTIAL_LENGTH, true)
  assert.equal(read({ authorization: [`Bearer ${long} `.repeat(2)] }), 'malformed_header')
  assert.equal(read({ authorization: [`Bearer${' '.repeat(1_000_000)}\0`] }), 'malformed_header')
  assert.equal(read({ xApiKey: [`${'='.repeat(1_000_000)}`] }), 'malformed_header')
  assert.equal(read({ url: `/?q=${long}&api_key=x` }), 'no_credential')
  assert.equal(read({ url: `/?${'a&'.repeat(500_000)}` }), 'no_credential')
})

test('VER-15: answers any input, and reads no credential with invalid characters', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.string().map((rest) => `Bearer ${rest}`),
    fc.stringMatching(/^[Bb]earer[ ,\t]{0,3}[a-z._~+/=-]{0,8}$/),
    fc.constant(`Bearer ${key}`),
  )
  fc.assert(
    fc.property(fc.array(text), fc.array(text), text, (authorization, xApiKey, query) => {
      const presentation = readCredential({ authorization, xApiKey, url: `/?${query}` })
      if (presentation.ok) assert.match(presentation.text, /^[A-Za-z0-9._~+/-]+=*$/)
    }),
    { numRuns: 5_000 },
  )
})

test('reports the form in which a credential was found where none was presented', () => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
  const rows: [request: Partial<PresentedRequest>, reason: string, found: string | undefined][] = [
    [{ authorization: [key] }, 'no_credential', 'no_scheme'],
    [{ authorization: [`ApiKey ${key}`] }, 'no_credential', 'other_scheme'],
    [{ authorization: [`Token ${key}`] }, 'no_credential', 'other_scheme'],
    [{ authorization: [`"${key}"`] }, 'no_credential', 'wrapped'],
    [{ authorization: [basic(`${key}:`)] }, 'no_credential', 'basic'],
    [{ authorization: [basic('ann:secret')] }, 'no_credential', undefined],
    [{ authorization: [`Bearer "${key}"`] }, 'malformed_header', 'wrapped'],
    [{ authorization: [`Bearer Bearer ${key}`] }, 'malformed_header', 'wrapped'],
    [{ xApiKey: [`Bearer ${key}`] }, 'malformed_header', 'wrapped'],
    [{ authorization: ['Bearer'] }, 'malformed_header', undefined],
    [{}, 'no_credential', undefined],
  ]
  for (const [request, reason, found] of rows) {
    const presentation = readCredential({ authorization: [], xApiKey: [], url: '/', ...request })
    const fault = found === undefined ? { reason } : { reason, found }
    assert.deepEqual(!presentation.ok && presentation.fault, fault, JSON.stringify(request))
  }
})
