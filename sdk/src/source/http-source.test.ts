import assert from 'node:assert/strict'
import { Agent, createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json, text } from 'node:stream/consumers'
import test from 'node:test'
import { hashCredential, mintCredential } from '../credential/credential.ts'
import { recordToWire } from '../verdict/record.wire.ts'
import { httpSource } from './http-source.ts'
import { aRecord, at, unknownKey } from './record.fixture.ts'
import { BatchRefusedError, SourceUnavailableError } from './source.ts'

const adminKey = mintCredential('admin_key').reveal()
const hashes = [unknownKey(), unknownKey()].map(hashCredential)

/** A real server on a free port, closed when the test ends. */
async function serve(t: test.TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await new Promise((listening) => server.once('listening', listening))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('a lookup sends hashes and the admin key, and reads the records in their order', async (t) => {
  const seen: unknown[] = []
  const url = await serve(t, async (request, response) => {
    const { method, url, headers } = request
    seen.push({ method, url, authorization: headers.authorization, body: await json(request) })
    const [first, second] = hashes
    const data = [
      { hash: first, record: recordToWire(aRecord()) },
      { hash: second, record: null },
    ]
    response.end(JSON.stringify({ data }))
  })
  const records = await httpSource({ url: `${url}/`, adminKey }).lookup(hashes)
  assert.deepEqual(records, [aRecord(), null])
  const authorization = `Bearer ${adminKey}`
  assert.deepEqual(seen, [{ method: 'POST', url: '/v1/lookups', authorization, body: { hashes } }])
})

const use = {
  credentialId: 'sec_1',
  outcome: 'accepted',
  scope: 'orders:read',
  minute: at(0),
  count: 3,
  calls: 2,
  lastAt: at(1),
  lastIp: null,
  lastUserAgent: 'x',
}

test('sends a batch of usage in the wire form', async (t) => {
  const seen: unknown[] = []
  const url = await serve(t, async (request, response) => {
    seen.push({ url: request.url, body: await json(request) })
    response.writeHead(204).end()
  })
  const exposed = [{ hash: 'ab', at: at(1), ip: '203.0.113.7' }]
  await httpSource({ url: `${url}/doorward`, adminKey }).sendUsage({ id: 'batch-1', items: [use], exposed })
  const item = {
    credential_id: 'sec_1',
    outcome: 'accepted',
    scope: 'orders:read',
    minute: '2026-03-01T12:00:00.000Z',
    count: 3,
    calls: 2,
    last_at: '2026-03-01T12:00:01.000Z',
  }
  assert.deepEqual(seen, [
    {
      url: '/doorward/v1/usage-batches',
      body: {
        id: 'batch-1',
        items: [{ ...item, last_ip: null, last_user_agent: 'x' }],
        exposed: [{ hash: 'ab', at: '2026-03-01T12:00:01.000Z', ip: '203.0.113.7' }],
      },
    },
  ])
})

test('distinguishes a batch that the server refuses for good from one to retry', async (t) => {
  for (const [status, forGood] of [
    [400, true],
    [413, true],
    [422, true],
    [401, false],
    [403, false],
    [404, false],
    [408, false],
    [429, false],
    [500, false],
    [503, false],
  ] as const) {
    const url = await serve(t, (_, response) => response.writeHead(status).end())
    const sent = httpSource({ url, adminKey }).sendUsage({ id: 'batch-1', items: [], exposed: [] })
    await assert.rejects(sent, forGood ? BatchRefusedError : SourceUnavailableError, `${status}`)
  }
})

test('OPS-05: reports the items that the server did not take with their calls, and does not resend them', async (t) => {
  const notTaken = [
    { at: '/items/1/last_ip', message: 'must NOT have more than 60 characters' },
    { at: '/exposed/0', message: 'must be object' },
    { at: '/items/99', message: 'is not there' },
  ]
  const item = (calls: number) => ({ ...use, calls })
  const batch = {
    id: 'batch-1',
    items: [item(1), item(20), item(300)],
    exposed: [{ hash: 'ab', at: at(1), ip: null }],
  }
  for (const [answer, refusedCalls] of [
    [JSON.stringify({ not_taken: notTaken }), 21],
    [JSON.stringify({ not_taken: [] }), null],
    [JSON.stringify({}), null],
    ['', null],
  ] as const) {
    const url = await serve(t, (_, response) => response.end(answer))
    const sent = httpSource({ url, adminKey }).sendUsage(batch)
    if (refusedCalls === null) await sent
    else
      await assert.rejects(sent, (error: BatchRefusedError) => {
        assert.equal(error.refusedCalls, refusedCalls)
        assert.match(error.message, /3 of a batch of usage, the first because \/items\/1\/last_ip must NOT/)
        return error instanceof BatchRefusedError
      })
  }
})

test('VER-18, RS-10: whatever the server does wrong, nothing is known about the credential', async (t) => {
  const [first, second] = hashes
  const answer = (data: unknown) => (_: IncomingMessage, response: Parameters<RequestListener>[1]) =>
    response.end(JSON.stringify(data))
  const wrong: [why: string, listener: RequestListener, message: RegExp][] = [
    ['no JSON', (_, response) => response.end('<html>'), /cannot be read/],
    ['no data', answer(null), /cannot be read/],
    ['too few', answer({ data: [{ hash: first, record: null }] }), /cannot be read/],
    [
      'another order',
      answer({ data: [second, first].map((hash) => ({ hash, record: null })) }),
      /cannot be read/,
    ],
    ['500', (_, response) => response.writeHead(500).end(), /answers 500/],
    ['404', (_, response) => response.writeHead(404).end(), /answers 404/],
    ['a broken connection', (request) => request.socket.destroy(), /does not answer/],
    [
      'a broken body',
      (_, response) => response.writeHead(200, { 'content-length': 9 }).write('{', () => response.destroy()),
      /does not answer/,
    ],
  ]
  for (const [why, listener, message] of wrong) {
    const url = await serve(t, listener)
    await assert.rejects(httpSource({ url, adminKey }).lookup(hashes), (error) => {
      assert.ok(error instanceof SourceUnavailableError, why)
      assert.match(error.message, message, why)
      assert.doesNotMatch(error.message, new RegExp(adminKey))
      return true
    })
  }
})

test('reports a refused admin key to the operator as such', async (t) => {
  for (const status of [401, 403]) {
    const url = await serve(t, (_, response) => response.writeHead(status).end())
    await assert.rejects(
      httpSource({ url, adminKey }).lookup(hashes),
      /admin key \(40.\).*permission `verify`/,
    )
  }
})

test('does not send the admin key along a redirect', async (t) => {
  let astray = 0
  const elsewhere = await serve(t, (_, response) => {
    astray++
    response.end()
  })
  const url = await serve(t, (_, response) => response.writeHead(307, { location: elsewhere }).end())
  await assert.rejects(httpSource({ url, adminKey }).lookup(hashes), SourceUnavailableError)
  assert.equal(astray, 0)
})

test('gives up a server that never answers', async (t) => {
  const url = await serve(t, () => {})
  await assert.rejects(httpSource({ url, adminKey, timeoutMs: 20 }).lookup(hashes), /does not answer/)
})

test('one record that cannot be read is an error in its place', async (t) => {
  const [first, second] = hashes
  const url = await serve(t, (_, response) => {
    const data = [
      { hash: first, record: { ...recordToWire(aRecord()), kind: 'session' } },
      { hash: second, record: recordToWire(aRecord()) },
    ]
    response.end(JSON.stringify({ data }))
  })
  const [bad, good] = await httpSource({ url, adminKey }).lookup(hashes)
  assert.ok(bad instanceof TypeError)
  assert.deepEqual(good, aRecord())
})

test('OPS-10: reports an invalid URL or admin key at the start, without showing it', (t) => {
  const emitWarning = t.mock.method(process, 'emitWarning', () => {})
  const url = 'https://doorward.example'
  const wrong: [options: { url?: string; adminKey?: string }, message: RegExp][] = [
    [{ adminKey }, /url is missing/],
    [{ url: '', adminKey }, /url is missing/],
    [{ url: 'doorward', adminKey }, /url must be an http or https URL/],
    [{ url: 'ftp://doorward.example', adminKey }, /url must be an http or https URL/],
    [{ url: 'https://user:hunter2@doorward.example', adminKey }, /without a user name and password/],
    [{ url }, /adminKey is missing/],
    [{ url, adminKey: '' }, /adminKey is missing/],
    [{ url, adminKey: `${adminKey}x` }, /adminKey is malformed: a character/],
    [{ url, adminKey: `${adminKey}\n` }, /adminKey is malformed: remove the blank or newline around it/],
    [{ url, adminKey: ` ${adminKey}` }, /adminKey is malformed: remove the blank/],
    [{ url, adminKey: unknownKey() }, /this is marked as api key/],
  ]
  for (const [options, message] of wrong)
    assert.throws(
      () => httpSource(options),
      (error) =>
        error instanceof TypeError && message.test(error.message) && !/hunter2|k_.{40}/.test(error.message),
    )
  for (const loopback of ['http://127.0.0.1:4000', 'http://localhost', 'http://[::1]:4000', url])
    httpSource({ url: loopback, adminKey })
  assert.equal(emitWarning.mock.callCount(), 0)
  httpSource({ url: 'http://doorward.internal', adminKey })
  assert.match(String(emitWarning.mock.calls[0]?.arguments[0]), /plain http/)
})

/** A server that drops each connection on its second use, as behind a load balancer that closed it silently. */
async function serveOnce(t: test.TestContext, always = false) {
  const used = new WeakSet<object>()
  const seen: string[] = []
  const ids: unknown[] = []
  const url = await serve(t, async (request, response) => {
    seen.push(String(request.url))
    ids.push(JSON.parse(await text(request)).id)
    if (always || used.has(request.socket)) return void request.socket.destroy()
    used.add(request.socket)
    if (request.url === '/v1/lookups')
      response.end(JSON.stringify({ data: hashes.map((hash) => ({ hash, record: null })) }))
    else response.end('{"data":[]}')
  })
  return { url, seen, ids }
}

test('VER-18: retries a lookup once, over a new connection, where a kept-alive one breaks', async (t) => {
  const { url, seen } = await serveOnce(t)
  const source = httpSource({ url, adminKey })
  // Several connections are kept alive, and all are dead the next time.
  await Promise.all([1, 2, 3].map(() => source.lookup(hashes)))
  assert.deepEqual(await source.lookup(hashes), [null, null])
  assert.equal(seen.length, 5)
})

test('VER-06, VER-18: retries a spend under the id of the first request, and another spend has another id', async (t) => {
  const { url, ids } = await serveOnce(t)
  const source = httpSource({ url, adminKey })
  await source.spendQuotas([])
  assert.deepEqual(await source.spendQuotas([]), [])
  const [first, sent, again] = ids
  assert.equal(ids.length, 3)
  assert.match(String(sent), /^[0-9a-f-]{36}$/)
  assert.equal(again, sent)
  assert.notEqual(first, sent)
})

test('VER-18: does not retry a request on a new connection', async (t) => {
  const broken = await serveOnce(t, true)
  await assert.rejects(httpSource({ url: broken.url, adminKey }).lookup(hashes), /does not answer/)
  assert.equal(broken.seen.length, 1)
})

test('the agent carries the feed too', async (t) => {
  const seen: (string | undefined)[] = []
  const url = await serve(t, (request, response) => {
    seen.push(request.url)
    response.end('{"data":[]}')
  })
  class Counting extends Agent {
    connections = 0
    override createConnection(...args: Parameters<Agent['createConnection']>) {
      this.connections += 1
      return super.createConnection(...args)
    }
  }
  const agent = new Counting()
  const source = httpSource({ url, adminKey, agent, onError: () => {} })
  await source.lookup([])
  const following = source.follow?.({ changed() {}, confirmed() {}, restarted() {} })
  while (!seen.includes('/v1/changes')) await new Promise((done) => setTimeout(done, 5))
  following?.close()
  assert.ok(agent.connections >= 2)
})

test('calls the function for the admin key each time; where it fails, uses the last one and reports it', async (t) => {
  const seen: (string | undefined)[] = []
  const url = await serve(t, (request, response) => {
    seen.push(request.headers.authorization?.slice('Bearer '.length))
    response.end('{"data":[]}')
  })
  const next = mintCredential('admin_key').reveal()
  let give = () => adminKey
  const errors: string[] = []
  const onError = (error: unknown) => void errors.push(String(error))
  const source = httpSource({ url, adminKey: () => give(), onError })
  for (const given of [
    () => adminKey,
    () => next,
    () => `${next}x`,
    () => {
      throw new Error('the vault is closed')
    },
  ]) {
    give = given
    await source.lookup([])
  }
  assert.deepEqual(seen, [adminKey, next, next, next])
  assert.equal(errors.length, 2)
  assert.match(errors[0] ?? '', /adminKey is malformed/)
  assert.doesNotMatch(errors.join(), new RegExp(next))
  assert.throws(() => httpSource({ url, adminKey: () => 'no key' }), /adminKey is malformed/)
})
