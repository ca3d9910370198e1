import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { describe, it } from 'node:test'
import { mintCredential, SourceUnavailableError, type Verdict, type Verifier } from '@doorward/sdk/kernel'
import type { KnownAdminKeys } from '../admin-keys/known-admin-keys.ts'
import { systemClock } from '../base/clock.ts'
import { openForwardAuth } from './forward-auth.ts'
import { readForwardAuth } from './forward-auth.wire.ts'

const secret = mintCredential('api_key', { environment: 'live' }).reveal()

/** Response to a proxy for this verdict. */
async function heard(proxy: 'nginx' | 'caddy', verdict: Verdict | Promise<Verdict>) {
  const rules = [{ path: '/*', scopes: ['orders:read'] }]
  const read = readForwardAuth({ proxy, environment: 'live', rules }, ['live'])
  assert.ok(read.ok)
  const forwardAuth = openForwardAuth({
    rules: read.value,
    verifier: { verify: () => verdict } as unknown as Verifier,
    catalogue: { defaultIdentifier: () => 'urn:doorward:api:default' },
    adminKeys: {} as KnownAdminKeys,
    trustedProxies: null,
    clock: systemClock,
    onExposed: () => {},
  })
  const family = proxy === 'nginx' ? 'x-original' : 'x-forwarded'
  const headers = {
    [`${family}-method`]: 'GET',
    [`${family}-uri`]: '/orders',
    authorization: `Bearer ${secret}`,
  }
  const rawHeaders = Object.entries(headers).flat()
  const request = { method: 'GET', url: '/v1/forward-auth', headers, rawHeaders, socket: {} }
  const { status, headers: said, body } = await forwardAuth.answer(request as unknown as IncomingMessage)
  const named = new Map<string, string>()
  for (let at = 0; at < said.length; at += 2) named.set(said[at] ?? '', said[at + 1] ?? '')
  return { status, named, body: JSON.parse(body) }
}

const LIMIT = {
  kind: 'rate_limit',
  of: 'key',
  name: 'burst',
  limit: 5,
  windowSeconds: 60,
  remaining: 0,
  resetSeconds: 7,
} as const

describe('responses to a proxy that are not about the key', () => {
  const limited = {
    valid: false,
    refusal: { reason: 'rate_limited', retryAfterSeconds: 7, limit: LIMIT },
  } as const

  it('VER-11: a limit is 429 with Retry-After; nginx gets 403 and the status to restore', async () => {
    const caddy = await heard('caddy', limited)
    assert.deepEqual([caddy.status, caddy.named.get('retry-after')], [429, '7'])
    const nginx = await heard('nginx', limited)
    assert.deepEqual(
      [nginx.status, nginx.named.get('Doorward-Status'), nginx.named.get('retry-after')],
      [403, '429', '7'],
    )
  })

  it('VER-18: an unavailable source is 503, which lets no request pass', async () => {
    for (const proxy of ['nginx', 'caddy'] as const) {
      const away = new SourceUnavailableError('away', { retryAfterSeconds: 3 })
      const { status, named, body } = await heard(proxy, Promise.reject(away))
      assert.deepEqual([status, body.code, named.get('retry-after')], [503, 'verification_unavailable', '3'])
    }
  })

  it('a bug of the server is not a response', async () => {
    await assert.rejects(heard('caddy', Promise.reject(new TypeError('a bug'))), /a bug/)
  })

  it('the body in a header is ASCII, and decodes to the same body', async () => {
    const { named, body } = await heard('nginx', { valid: false, refusal: { reason: 'unknown' } })
    const text = named.get('Doorward-Problem') ?? ''
    assert.match(text, /^[\x20-\x7e]+$/)
    assert.deepEqual(JSON.parse(text), body)
  })
})
