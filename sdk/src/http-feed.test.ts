import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { mintCredential } from './credential.ts'
import { followOverHttp, type HttpFeedOptions } from './http-feed.ts'

const adminKey = mintCredential('admin_key')
const hash = 'a'.repeat(64)

interface Visit {
  readonly request: IncomingMessage
  readonly answer: ServerResponse
  say(event: string, data: Record<string, unknown>): void
}

/** A server that says what the test says, and a listener that writes down what it hears. */
async function open(t: test.TestContext, more: Partial<HttpFeedOptions> = {}) {
  const visits: Visit[] = []
  const server = createServer((request, answer) => {
    answer.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    const say = (event: string, data: object) =>
      void answer.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    visits.push({ request, answer, say })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const heard: string[] = []
  const errors: string[] = []
  const following = followOverHttp(
    {
      changed: ({ hashes, ended }) =>
        void heard.push(`changed ${hashes?.length ?? 'all'} ${ended?.reason ?? 'maybe'}`),
      confirmed: (atMs) => void heard.push(`confirmed ${atMs}`),
      restarted: () => void heard.push('restarted'),
    },
    {
      base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      adminKey,
      onError: ({ message }) => errors.push(message),
      ...more,
    },
  )
  t.after(() => {
    following.close()
    server.closeAllConnections()
    server.close()
  })
  return { visits, heard, errors, following, visit: (n: number) => until(() => visits[n]) }
}

async function until<T>(get: () => T | undefined | false): Promise<T> {
  for (let n = 0; n < 1_000; n++) {
    const got = get()
    if (got !== undefined && got !== false) return got
    await sleep(5)
  }
  throw new Error('it did not come')
}

test('it begins anew the first time, tells changes, and shows the admin key to nobody else', async (t) => {
  const { heard, errors, visit } = await open(t)
  const { request, say } = await visit(0)
  assert.equal(request.url, '/v1/changes')
  assert.equal(request.headers.authorization, `Bearer ${adminKey.reveal()}`)
  assert.equal(request.headers['last-event-id'], undefined)
  say('open', { position: 7, restarted: true, clock_ms: 0 })
  say('change', { position: 8, hashes: [hash], ended: { reason: 'revoked', at: '2026-03-01T12:00:00.000Z' } })
  say('change', { position: 9, hashes: [hash, hash], ended: null })
  say('change', { position: 10, hashes: null, ended: null })
  say('change', { position: 11, hashes: [hash], ended: { reason: 'of a newer server', at: 'x' } })
  say('something new', { position: 12 })
  await until(() => heard.length === 5)
  assert.deepEqual(heard, [
    'restarted',
    'changed 1 revoked',
    'changed 2 maybe',
    'changed all maybe',
    'changed 1 maybe',
  ])
  assert.deepEqual(errors, [])
})

test('KEY-10: what the server confirms counts from when it was asked, by the clock here, never later', async (t) => {
  let steadyMs = 1_000
  const { heard, visit } = await open(t, { steady: () => steadyMs })
  const { say } = await visit(0)
  // The answer took 400 ms; the server's clock has nothing to do with ours.
  steadyMs = 1_400
  say('open', { position: 0, restarted: true, clock_ms: 90_000 })
  say('confirmed', { position: 0, clock_ms: 90_000 })
  await until(() => heard.length === 2)
  // A message that was long under way says nothing about the time since it was sent.
  steadyMs = 60_000
  say('confirmed', { position: 0, clock_ms: 95_000 })
  await until(() => heard.length === 3)
  assert.deepEqual(heard, ['restarted', 'confirmed 1000', 'confirmed 6000'])
})

test('a connection that is lost is taken up from the last position, and nothing is begun anew', async (t) => {
  const { heard, visits, visit } = await open(t)
  const first = await visit(0)
  first.say('open', { position: 3, restarted: true, clock_ms: 0 })
  first.say('change', { position: 4, hashes: [hash], ended: null })
  await until(() => heard.length === 2)
  first.answer.destroy()
  const second = await visit(1)
  assert.equal(second.request.headers['last-event-id'], '4')
  second.say('open', { position: 4, restarted: false, clock_ms: 0 })
  second.say('change', { position: 5, hashes: null, ended: null })
  await until(() => heard.length === 3)
  second.answer.end()
  const third = await visit(2)
  assert.equal(third.request.headers['last-event-id'], '5')
  third.say('open', { position: 9, restarted: true, clock_ms: 0 })
  await until(() => heard.length === 4)
  assert.deepEqual(heard, ['restarted', 'changed 1 maybe', 'changed all maybe', 'restarted'])
  assert.equal(visits.length, 3)
})

test('a connection that is held open in silence is given up', async (t) => {
  const { errors, visit } = await open(t, { silenceMs: 50 })
  const { say } = await visit(0)
  say('open', { position: 3, restarted: true, clock_ms: 0 })
  const { request } = await visit(1)
  assert.equal(request.headers['last-event-id'], '3')
  assert.deepEqual(errors[0], 'the feed of changes is silent')
})

test('VER-18: what is not understood may have ended a credential: it begins anew', async (t) => {
  for (const garbage of [
    'event: change\ndata: {"position":4,"hashes":"all"}\n\n',
    'event: change\ndata: {"position":4,"hashes":["x"]}\n\n',
    'event: change\ndata: {not json\n\n',
    'event: change\ndata: {"hashes":null}\n\n',
  ]) {
    const { heard, errors, following, visit } = await open(t)
    const first = await visit(0)
    first.say('open', { position: 3, restarted: false, clock_ms: 0 })
    await until(() => heard.length === 1)
    first.answer.write(garbage)
    const { request } = await visit(1)
    assert.equal(request.headers['last-event-id'], undefined, garbage)
    assert.equal(heard.at(-1), 'restarted')
    assert.deepEqual(errors, ['the feed of changes is not understood'])
    following.close()
  }
})

test('a refusal is told, with what to do; closed, it comes no more', async (t) => {
  const server = createServer((_, answer) => void answer.writeHead(403).end())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const errors: string[] = []
  const listener = { changed() {}, confirmed() {}, restarted() {} }
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const following = followOverHttp(listener, {
    base,
    adminKey,
    onError: ({ message }) => errors.push(message),
  })
  await until(() => errors.length >= 2)
  following.close()
  assert.match(
    errors[0] ?? '',
    /refused \(403\): the admin key must be live and have the permission `verify`/,
  )
  const count = errors.length
  await sleep(300)
  assert.equal(errors.length, count)
})

test('OPS-08: an answer that ends without being a feed is no reason to come back soon', async (t) => {
  const { errors, visits, visit } = await open(t)
  const first = await visit(0)
  const endedAt = performance.now()
  first.answer.end()
  const second = await visit(1)
  assert.ok(performance.now() - endedAt >= 49, 'as after a failure')
  second.answer.end('event: confirmed\ndata: {"position":4,"clock_ms":1}\n\n')
  await visit(2)
  assert.ok(performance.now() - endedAt >= 49 + 99, 'and later each time')
  assert.equal(visits.length, 3)
  assert.deepEqual(errors, Array(2).fill('the feed of changes ended unopened'))
})

test('OPS-08: many who lose their feed at once do not come back at once', async (t) => {
  const cameAtMs: number[] = []
  const server = createServer((_, answer) => {
    cameAtMs.push(performance.now())
    answer.writeHead(503).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const listener = { changed() {}, confirmed() {}, restarted() {} }
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const refusedAtMs: number[] = []
  const onError = () => void refusedAtMs.push(performance.now())
  const feeds = Array.from({ length: 30 }, () => followOverHttp(listener, { base, adminKey, onError }))
  t.after(() => {
    for (const feed of feeds) feed.close()
  })
  await until(() => cameAtMs.length >= 60)
  const returned = cameAtMs.slice(30, 60)
  assert.ok(Math.max(...returned) - Math.min(...returned) > 15, 'they are spread')
  assert.ok(Math.min(...returned) - Math.min(...refusedAtMs) >= 49, 'over the second half of 100 ms')
})
