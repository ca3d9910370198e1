import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { mintCredential } from '../credential/credential.ts'
import { aLimit, at, unknownKey } from '../source/record.fixture.ts'
import type { PresentationFault, Refusal } from '../verdict/refusal.ts'
import { answerTo, answerUnavailable, isQuotable, type Setting } from './challenge.ts'

const setting: Setting = { environment: 'live', presented: null }
const key = unknownKey('live')

const NOT_ACCEPTED: Refusal[] = [
  { reason: 'malformed' },
  { reason: 'unknown' },
  { reason: 'revoked', at: at(-1) },
  { reason: 'rotated', at: at(-2) },
  { reason: 'expired', at: at(-3) },
  { reason: 'owner_suspended', at: at(-4) },
  { reason: 'disabled', at: at(-5) },
  { reason: 'environment_mismatch', actual: 'test', expected: 'live' },
  { reason: 'wrong_audience', audiences: ['https://a.example'], expected: 'https://b.example' },
  { reason: 'ip_not_allowed', clientIp: '203.0.113.7' },
]
const WRITES: Refusal = { reason: 'missing_scope', missing: ['b:write'], required: ['a:read', 'b:write'] }
const OTHERS: (Refusal | PresentationFault)[] = [
  WRITES,
  { reason: 'no_credential' },
  { reason: 'two_credentials' },
  { reason: 'malformed_header' },
  { reason: 'credential_in_url' },
  { reason: 'rate_limited', retryAfterSeconds: 1.2, limit: aLimit() },
  { reason: 'quota_exceeded', retryAfterSeconds: 3600, limit: aLimit({ kind: 'quota', name: 'day' }) },
]

test('RS-01, RS-02: status, code and challenge of each reason', () => {
  const rows: [
    no: Refusal | PresentationFault,
    status: number,
    code: string,
    challenge: string | undefined,
  ][] = [
    [{ reason: 'no_credential' }, 401, 'no_credential', 'Bearer'],
    [{ reason: 'unknown' }, 401, 'invalid_token', 'Bearer error="invalid_token"'],
    [WRITES, 403, 'insufficient_scope', 'Bearer error="insufficient_scope", scope="a:read b:write"'],
    [{ reason: 'two_credentials' }, 400, 'two_credentials', 'Bearer error="invalid_request"'],
    [{ reason: 'malformed_header' }, 400, 'malformed_header', 'Bearer error="invalid_request"'],
    [{ reason: 'credential_in_url' }, 400, 'credential_in_url', 'Bearer error="invalid_request"'],
    [{ reason: 'rate_limited', retryAfterSeconds: 1.2, limit: aLimit() }, 429, 'rate_limited', undefined],
    [
      { reason: 'quota_exceeded', retryAfterSeconds: 3600, limit: aLimit({ kind: 'quota', name: 'day' }) },
      429,
      'quota_exceeded',
      undefined,
    ],
  ]
  for (const [no, status, code, challenge] of rows) {
    const answer = answerTo(no, setting)
    assert.equal(answer.status, status, code)
    assert.equal(answer.body.status, status)
    assert.equal(answer.body.code, code)
    assert.equal(answer.body.type, `urn:doorward:problem:${code}`)
    assert.equal(answer.headers['www-authenticate'], challenge)
    assert.equal(answer.headers['content-type'], 'application/problem+json')
    assert.equal(answer.headers['cache-control'], 'no-store')
  }
})

test('RS-03: an API with metadata says how to connect, and another one does not', () => {
  for (const reason of ['no_credential', 'malformed_header'] as const) {
    assert.doesNotMatch(answerTo({ reason }, setting).body.detail, /OAuth/)
    const resourceMetadata = 'https://api.example/.well-known/oauth-protected-resource'
    const { detail } = answerTo({ reason }, { ...setting, resourceMetadata }).body
    assert.match(detail, /^Connect by OAuth, .* Or send an API key/)
  }
})

test('VER-01: whatever is wrong with a credential, the client gets the same bytes', () => {
  for (const presented of [null, 'garbage', key, unknownKey('test'), mintCredential('admin_key').reveal()]) {
    const answers = NOT_ACCEPTED.map((no) => JSON.stringify(answerTo(no, { ...setting, presented })))
    assert.equal(new Set(answers).size, 1)
  }
})

test('VER-01: a hint depends on the presented text alone', () => {
  const hint = (presented: string, environment: string | null = 'live') =>
    answerTo({ reason: 'unknown' }, { environment, presented }).body.hint
  assert.equal(hint(key), undefined)
  assert.equal(hint(unknownKey('test')), 'This credential is marked test; this API accepts live.')
  assert.equal(hint(unknownKey('test'), null), undefined)
  assert.match(hint(mintCredential('admin_key').reveal()) ?? '', /^This is an admin key/)
  const token = (environment: string) => mintCredential('access_token', { environment }).reveal()
  assert.equal(hint(token('live')), undefined, 'its client gets a new one, and has no key to send')
  assert.equal(hint(token('test')), 'This credential is marked test; this API accepts live.')
  assert.equal(
    hint(mintCredential('refresh_token', { environment: 'live' }).reveal()),
    'This is marked as refresh token. Send an access token or an API key.',
  )
  assert.equal(hint(`${key}x`), undefined)
})

test('VER-11: a 429 says when to retry in whole seconds, and carries no challenge', () => {
  const answer = answerTo({ reason: 'rate_limited', retryAfterSeconds: 1.2, limit: aLimit() }, setting)
  assert.equal(answer.headers['retry-after'], '2')
  assert.doesNotMatch(JSON.stringify(answer), /invalid_token/)
})

test('VER-11: the RateLimit fields are lists with one item for each limit, by names of their own', () => {
  const limits = [
    aLimit(),
    aLimit({ of: 'owner', limit: 9000, remaining: 12, windowSeconds: 3600, resetSeconds: 61 }),
    aLimit({ kind: 'quota', of: 'owner', name: 'month', limit: 5, windowSeconds: 2_678_400 }),
  ]
  const no: Refusal = { reason: 'rate_limited', retryAfterSeconds: 7, limit: aLimit() }
  const { headers } = answerTo(no, { ...setting, limits })
  assert.equal(headers.ratelimit, '"burst";r=0;t=7, "owner:burst";r=12;t=61, "owner:quota:month";r=0;t=7')
  assert.equal(
    headers['ratelimit-policy'],
    '"burst";q=100;w=60, "owner:burst";q=9000;w=3600, "owner:quota:month";q=5;w=2678400',
  )
})

test('VER-18: answers 503 with Retry-After where verification is impossible', () => {
  const answer = answerUnavailable(1)
  assert.equal(answer.status, 503)
  assert.equal(answer.body.code, 'verification_unavailable')
  assert.equal(answer.headers['retry-after'], '1')
  assert.equal(answer.headers['www-authenticate'], undefined)
})

test('RFC 6750 §3: a challenge starts with Bearer, holds its characters only, and begins with the realm', () => {
  for (const no of [...NOT_ACCEPTED, ...OTHERS]) {
    const challenge = answerTo(no, { ...setting, realm: 'orders' }).headers['www-authenticate']
    if (challenge !== undefined)
      assert.match(challenge, /^Bearer realm="orders"(, [a-z]+="[\x20-\x21\x23-\x5b\x5d-\x7e]+")*$/)
  }
})

test('never echoes what was presented', () => {
  fc.assert(
    fc.property(fc.constantFrom(...NOT_ACCEPTED, ...OTHERS), fc.uuid(), (no, marker) => {
      const answer = JSON.stringify(answerTo(no, { ...setting, presented: `sk_live_${marker}` }))
      return !answer.includes(marker)
    }),
  )
  for (const no of [...NOT_ACCEPTED, ...OTHERS])
    assert.equal(JSON.stringify(answerTo(no, { ...setting, presented: key })).includes(key), false)
})

test('a realm that would break the header is not quotable', () => {
  assert.equal(isQuotable('orders of Acme, Inc. #1'), true)
  for (const realm of ['', 'a"b', 'a\\b', 'a\r\nSet-Cookie: x', 'é', '\0'])
    assert.equal(isQuotable(realm), false)
})
