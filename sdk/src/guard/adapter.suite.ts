import assert from 'node:assert/strict'
import { type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import test from 'node:test'
import { mintCredential } from '../credential/credential.ts'
import { at, Records, ranges, unknownKey } from '../source/record.fixture.ts'
import type { UsageBatch } from '../source/usage-batch.ts'
import type { GuardOptions } from './guard-options.ts'

/**
 * An orders API behind an adapter, on a real port of 127.0.0.1. `GET /orders` requires `orders:read`, `POST /orders`
 * also `orders:write`, `GET /me` any active key. `GET /stacked` has two guards: one for any active key, and behind it
 * one for `orders:write`, at a cost of 3. Each answers with the principal's `ownerId`.
 */
export interface OrdersApi {
  readonly port: number
  close(): Promise<unknown>
}

/** The guarantees of every adapter, over real HTTP. */
export function behavesAsAGuard(
  adapter: string,
  open: (source: Records, more?: Pick<GuardOptions, 'trustedProxies'>) => Promise<OrdersApi>,
): void {
  async function start(t: test.TestContext) {
    const records = new Records()
    const api = await open(records)
    t.after(() => api.close())
    return { records, port: api.port }
  }

  test(`${adapter}: a key with the scopes reaches the handler, as its owner`, async (t) => {
    const { records, port } = await start(t)
    const reader = records.add({ ownerId: 'org_1' })
    const writer = records.add({ ownerId: 'org_2', scopes: new Set(['orders:read', 'orders:write']) })
    const got = [
      await call(port, 'GET /orders', { authorization: `Bearer ${reader}` }),
      await call(port, 'GET /orders', { 'x-api-key': reader }),
      await call(port, 'POST /orders', { authorization: `bearer ${writer}` }),
      await call(port, 'GET /me', { authorization: `Bearer ${records.add({ scopes: new Set() })}` }),
    ]
    assert.deepEqual(
      got.map(({ status, body }) => `${status} ${body}`),
      ['200 org_1', '200 org_1', '200 org_2', '200 org_1'],
    )
  })

  test(`${adapter}: RS-01, RS-02, VER-01: each no, with its status, code and challenge`, async (t) => {
    const { records, port } = await start(t)
    const reader = records.add()
    const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
    const rows: [
      what: string,
      headers: OutgoingHttpHeaders,
      status: number,
      code: string,
      challenge: string,
    ][] = [
      ['GET /orders', {}, 401, 'no_credential', 'Bearer'],
      ['GET /orders', { authorization: 'Basic eDp5' }, 401, 'no_credential', 'Bearer'],
      ['GET /orders', bearer('nonsense'), 401, 'invalid_token', 'Bearer error="invalid_token"'],
      ['GET /orders', bearer(unknownKey()), 401, 'invalid_token', 'Bearer error="invalid_token"'],
      [
        'GET /orders',
        bearer(mintCredential('admin_key').reveal()),
        401,
        'invalid_token',
        'Bearer error="invalid_token"',
      ],
      [
        'GET /orders',
        bearer(records.add({ environment: 'test' })),
        401,
        'invalid_token',
        'Bearer error="invalid_token"',
      ],
      [
        'GET /orders',
        bearer(records.add({ ended: { reason: 'revoked', at: at(0) } })),
        401,
        'invalid_token',
        'Bearer error="invalid_token"',
      ],
      [
        'GET /orders',
        bearer(records.add({ ipAllowlist: ranges('10.0.0.0/8') })),
        401,
        'invalid_token',
        'Bearer error="invalid_token"',
      ],
      [
        'GET /orders',
        { 'x-forwarded-for': '10.0.0.1', ...bearer(records.add({ ipAllowlist: ranges('10.0.0.0/8') })) },
        401,
        'invalid_token',
        'Bearer error="invalid_token"',
      ],
      [
        'POST /orders',
        bearer(reader),
        403,
        'insufficient_scope',
        'Bearer error="insufficient_scope", scope="orders:read orders:write"',
      ],
      ['GET /orders', { authorization: 'Bearer' }, 400, 'malformed_header', 'Bearer error="invalid_request"'],
      [
        'GET /orders',
        { ...bearer(reader), 'x-api-key': unknownKey() },
        400,
        'two_credentials',
        'Bearer error="invalid_request"',
      ],
      [`GET /orders?api_key=${reader}`, {}, 400, 'credential_in_url', 'Bearer error="invalid_request"'],
      [
        `GET /orders?q=%&x=${reader}`,
        bearer(reader),
        400,
        'credential_in_url',
        'Bearer error="invalid_request"',
      ],
    ]
    for (const [what, headers, status, code, challenge] of rows) {
      const answer = await call(port, what, headers)
      const problem = JSON.parse(answer.body)
      assert.deepEqual([answer.status, problem.status, problem.code], [status, status, code], what)
      assert.equal(answer.headers['www-authenticate'], challenge)
      assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json/)
      assert.equal(answer.headers['cache-control'], 'no-store')
    }
  })

  test(`${adapter}: VER-14, VER-15: a header that came twice is refused, and an empty one is none`, async (t) => {
    const { records, port } = await start(t)
    const [one, two] = [`Bearer ${records.add()}`, `Bearer ${records.add()}`]
    const key = records.add()
    const rows: [headers: string[], status: number, code: string | null][] = [
      [['Authorization', one, 'Authorization', two], 400, 'two_credentials'],
      [['Authorization', one, 'Authorization', one], 400, 'two_credentials'],
      [['Authorization', 'Basic eDp5', 'Authorization', one], 400, 'two_credentials'],
      [['Authorization', one, 'Authorization', 'Basic eDp5'], 400, 'two_credentials'],
      [['Authorization', 'Basic eDp5', 'Authorization', 'Basic eDp6'], 401, 'no_credential'],
      [['X-API-Key', key, 'X-API-Key', key], 400, 'two_credentials'],
      [['X-API-Key', '', 'Authorization', one], 200, null],
      [['X-API-Key', key, 'Authorization', ''], 200, null],
      [['X-API-Key', ''], 401, 'no_credential'],
      [['Authorization', 'Basic eDp5', 'X-API-Key', key], 200, null],
    ]
    for (const [headers, status, code] of rows) {
      const answer = await call(port, 'GET /orders', ['Host', 'x', ...headers])
      assert.equal(answer.status, status, headers.join(' '))
      if (code !== null) assert.equal(JSON.parse(answer.body).code, code, headers.join(' '))
    }
  })

  test(`${adapter}: VER-12: an allow-list holds the connection's own address`, async (t) => {
    const { records, port } = await start(t)
    const local = records.add({ ipAllowlist: ranges('127.0.0.0/8') })
    assert.equal((await call(port, 'GET /orders', { authorization: `Bearer ${local}` })).status, 200)
  })

  test(`${adapter}: VER-12: behind a trusted proxy the address is what it says, and not what its client says`, async () => {
    const records = new CountingRecords()
    const { port, close } = await open(records, { trustedProxies: ['127.0.0.0/8'] })
    const authorization = `Bearer ${records.add({ ipAllowlist: ranges('203.0.113.0/24') })}`
    const from = (...hops: string[]) =>
      call(port, 'GET /orders', { authorization, 'user-agent': 'curl/8', 'x-forwarded-for': hops })
    assert.equal((await from('198.51.100.9', '203.0.113.7')).status, 200)
    assert.equal((await from('203.0.113.7', '198.51.100.9')).status, 401)
    await close()
    assert.deepEqual(
      records.batches.flatMap(({ items }) =>
        items.map(({ outcome, lastIp, lastUserAgent }) => [outcome, lastIp, lastUserAgent]),
      ),
      [
        ['accepted', '203.0.113.7', 'curl/8'],
        ['ip_not_allowed', '198.51.100.9', 'curl/8'],
      ],
    )
  })

  test(`${adapter}: VER-12: behind a trusted proxy an unreadable hop is no client address, and a port is ignored`, async (t) => {
    const records = new Records()
    const { port, close } = await open(records, { trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'] })
    t.after(close)
    const inside = `Bearer ${records.add({ ipAllowlist: ranges('127.0.0.0/8', '10.0.0.0/8') })}`
    const office = `Bearer ${records.add({ ipAllowlist: ranges('203.0.113.0/24', '2001:db8::/48') })}`
    const rows: [authorization: string, hops: string, status: number][] = [
      [inside, '10.0.0.9', 200],
      [inside, '10.0.0.9:4711, 10.0.0.7', 200],
      [inside, 'unknown', 401],
      [inside, 'unknown, 10.0.0.7', 401],
      [inside, '203.0.113.7:51234', 401],
      [inside, '10.0.0.9:x', 401],
      [inside, '', 401],
      [office, '203.0.113.7:51234', 200],
      [office, '[2001:db8::1]:443, 10.0.0.7:80', 200],
      [office, '[2001:db8::1]', 200],
      [office, '203.0.113.7:99999999', 401],
    ]
    for (const [authorization, hops, status] of rows) {
      const answer = await call(port, 'GET /orders', { authorization, 'x-forwarded-for': hops })
      assert.equal(answer.status, status, hops)
    }
    // `Forwarded` is not read: alone it makes the client unknown, and beside the other it changes nothing.
    const forwarded = { forwarded: 'for=10.0.0.9' }
    const others: [headers: Record<string, string>, status: number][] = [
      [{}, 200],
      [forwarded, 401],
      [{ ...forwarded, 'x-forwarded-for': '10.0.0.9' }, 200],
      [{ ...forwarded, 'x-forwarded-for': '203.0.113.7' }, 401],
    ]
    for (const [headers, status] of others) {
      const answer = await call(port, 'GET /orders', { authorization: inside, ...headers })
      assert.equal(answer.status, status, JSON.stringify(headers))
    }
  })

  test(`${adapter}: VER-11: sends the limits of a key with an accepted response and with a refusal, which is 429`, async (t) => {
    const { records, port } = await start(t)
    const key = { rateLimits: [{ name: 'burst', limit: 1, windowSeconds: 60 }], quota: null }
    const authorization = `Bearer ${records.add({ limits: { key, owner: { rateLimits: [], quota: null } } })}`
    const yes = await call(port, 'GET /orders', { authorization })
    assert.deepEqual([yes.status, yes.body], [200, 'org_1'])
    assert.equal(yes.headers.ratelimit, '"burst";r=0;t=60')
    const no = await call(port, 'GET /orders', { authorization })
    assert.deepEqual([no.status, JSON.parse(no.body).code], [429, 'rate_limited'])
    assert.match(no.headers.ratelimit?.toString() ?? '', /^"burst";r=0;t=\d+$/)
    assert.equal(no.headers['ratelimit-policy'], '"burst";q=1;w=60')
    assert.match(no.headers['retry-after'] ?? '', /^\d+$/)
    assert.equal(no.headers['www-authenticate'], undefined)
    const free = await call(port, 'GET /orders', { authorization: `Bearer ${records.add()}` })
    assert.equal(free.headers.ratelimit, undefined)
  })

  test(`${adapter}: a key that ends within a day is told when, on a yes`, async (t) => {
    const { records, port } = await start(t)
    const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000)
    const [soon, later] = [inHours(1), inHours(48)]
    const rows: [different: Parameters<Records['add']>[0], header: string | undefined][] = [
      [{ expiresAt: soon }, soon.toISOString()],
      [{ expiresAt: later, retiresAt: soon }, soon.toISOString()],
      [{ expiresAt: later }, undefined],
      [{}, undefined],
      [{ kind: 'access_token', keyId: null, clientId: 'cli_1', expiresAt: soon }, undefined],
    ]
    for (const [at, [different, header]] of rows.entries()) {
      const secret = records.add({ credentialId: `sec_1${at}`, ...different })
      for (const seen of ['looked up', 'cached']) {
        const { status, headers } = await call(port, 'GET /orders', { authorization: `Bearer ${secret}` })
        assert.deepEqual([status, headers['doorward-credential-expires']], [200, header], `${at} ${seen}`)
      }
    }
  })

  test(`${adapter}: VER-06: two guards on one request are one call, counted once, and a refused one takes nothing`, async () => {
    const records = new CountingRecords()
    const { port, close } = await open(records)
    const key = { rateLimits: [{ name: 'burst', limit: 7, windowSeconds: 60 }], quota: null }
    const limits = { key, owner: { rateLimits: [], quota: null } }
    const reader = records.add({ limits })
    const writer = records.add({
      limits,
      credentialId: 'sec_2',
      keyId: 'key_2',
      scopes: new Set(['orders:write']),
    })
    const ask = (secret: string) => call(port, 'GET /stacked', { authorization: `Bearer ${secret}` })
    for (let at = 0; at < 9; at++) assert.equal((await ask(reader)).status, 403)
    const got = [await ask(writer), await ask(writer), await ask(writer)]
    assert.deepEqual(
      got.map(({ status, headers }) => [status, headers.ratelimit]),
      [
        [200, '"burst";r=4;t=60'],
        [200, '"burst";r=1;t=60'],
        [429, got[2]?.headers.ratelimit],
      ],
    )
    assert.equal((await call(port, 'GET /me', { authorization: `Bearer ${writer}` })).status, 200)
    await close()
    const items = records.batches.flatMap(({ items }) => items)
    assert.deepEqual(
      items
        .map(({ credentialId, outcome, scope, calls }) => `${credentialId} ${outcome} ${scope} ${calls}`)
        .sort(),
      [
        'sec_1 missing_scope orders:write 9',
        'sec_2 accepted  1',
        'sec_2 accepted orders:write 2',
        'sec_2 rate_limited orders:write 1',
      ],
    )
  })

  test(`${adapter}: VER-18: when the source is down the answer is 503, and the API lives on`, async (t) => {
    const { records, port } = await start(t)
    const authorization = `Bearer ${records.add()}`
    records.failure = new Error('down')
    const answer = await call(port, 'GET /orders', { authorization })
    assert.equal(answer.status, 503)
    assert.equal(answer.headers['retry-after'], '1')
    assert.equal(JSON.parse(answer.body).code, 'verification_unavailable')
    records.failure = null
    assert.equal((await call(port, 'GET /orders', { authorization })).status, 200)
  })

  test(`${adapter}: VER-15: NUL bytes and a megabyte of header are refused, and the API lives on`, async (t) => {
    const { records, port } = await start(t)
    assert.match(await raw(port, 'Bearer \0'), /^HTTP\/1\.1 400 /)
    assert.match(await raw(port, `Bearer ${'a'.repeat(1_000_000)}`), /^HTTP\/1\.1 431 /)
    const answer = await call(port, 'GET /orders', { authorization: `Bearer ${records.add()}` })
    assert.equal(answer.status, 200)
  })
}

/** A source that also takes usage. */
class CountingRecords extends Records {
  readonly batches: UsageBatch[] = []
  async sendUsage(batch: UsageBatch): Promise<void> {
    this.batches.push(batch)
  }
}

async function call(
  port: number,
  what: string,
  headers: OutgoingHttpHeaders | readonly string[],
): Promise<{ status: number; headers: IncomingHttpHeaders; body: string }> {
  const [method = 'GET', path = '/'] = what.split(' ')
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  request({ host: '127.0.0.1', port, method, path, headers, agent: false }, resolve).on('error', reject).end()
  const response = await promise
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) }
}

/** Sends bytes that no client library would, and returns the answer. */
async function raw(port: number, authorization: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port })
  let said = ''
  socket.on('data', (chunk) => {
    said += chunk
  })
  // A server that has read enough resets the connection while we still send.
  socket.on('error', () => {})
  socket.write(
    `GET /orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: ${authorization}\r\n\r\n`,
  )
  await new Promise((closed) => socket.on('close', closed))
  return said
}
