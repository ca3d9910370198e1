import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { mintCredential } from '../credential/credential.ts'
import { followOverHttp, type HttpFeedOptions } from './http-feed.ts'

const adminKey = mintCredential('admin_key')
const hash = 'a'.repeat(64)

interface Visit {
  readonly request: IncomingMessage
  readonly answer: ServerResponse
  say(event: string, data: Record<string, unknown>, id?: string): void
}

/** A server that sends what the test says, and a listener that records the calls. */
async function open(t: test.TestContext, more: Partial<HttpFeedOptions> = {}) {
  const visits: Visit[] = []
  const server = createServer((request, answer) => {
    answer.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    const say = (event: string, data: object, id?: string) =>
      void answer.write(
        `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`,
      )
    visits.push({ request, answer, say })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const heard: string[] = []
  const errors: string[] = []
  const following = followOverHttp(
    {
      changed: ({ hashes, holders, ended }) =>
        void heard.push(
          `changed ${hashes?.length ?? (holders == null ? 'all' : JSON.stringify(holders))} ${ended?.reason ?? 'maybe'}`,
        ),
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
  for (let n = 0; n < 6_000; n++) {
    const got = get()
    if (got !== undefined && got !== false) return got
    await sleep(5)
  }
  throw new Error('it did not come')
}

test('starts from scratch the first time, notifies of changes, and sends the admin key to no other server', async (t) => {
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
  // The answer took 400 ms; the server's clock differs from ours.
  steadyMs = 1_400
  say('open', { position: 0, restarted: true, clock_ms: 90_000 })
  say('confirmed', { position: 0, clock_ms: 90_000 })
  await until(() => heard.length === 2)
  // A delayed message confirms nothing about the time since it was sent.
  steadyMs = 60_000
  say('confirmed', { position: 0, clock_ms: 95_000 })
  await until(() => heard.length === 3)
  assert.deepEqual(heard, ['restarted', 'confirmed 1000', 'confirmed 6000'])
})

test('resumes a lost connection from the last position, without a restart', async (t) => {
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

test('KEY-10: reconnects with the id of the last event unchanged, and reports another history', async (t) => {
  const { heard, errors, visit } = await open(t)
  const first = await visit(0)
  first.say('open', { position: 3, restarted: true, clock_ms: 0 }, '3.ab-12.99')
  first.say('change', { position: 4, hashes: [hash], ended: null }, '4.cd-34.99')
  await until(() => heard.length === 2)
  first.answer.end()
  const second = await visit(1)
  assert.equal(second.request.headers['last-event-id'], '4.cd-34.99')
  second.say('open', { position: 7, restarted: true, reason: 'another_log', clock_ms: 0 }, '7.ef-56.11')
  second.say('restarted', { position: 9, reason: 'changes_missed' }, '9.ef-78.11')
  second.say('restarted', { position: 2, reason: 'another_log' }, '2.ef-90.12')
  await until(() => heard.length === 5)
  assert.deepEqual(heard.slice(2), Array(3).fill('restarted'))
  assert.equal(errors.length, 2)
  assert.match(errors[0] ?? '', /another history of changes.*The cache is dropped/)
  // An id that cannot be a header is not sent back: the server then takes the listener for a new one.
  second.say('confirmed', { position: 2, clock_ms: 0 }, `2.${'a'.repeat(300)}`)
  await until(() => heard.length === 6)
  second.answer.end()
  assert.equal((await visit(2)).request.headers['last-event-id'], '2')
})

test('KEY-10: a clock that stood still is noticed by a confirmation from the future, and everything is looked up again', async (t) => {
  let steadyMs = 1_000
  const { heard, errors, visit } = await open(t, { steady: () => steadyMs })
  const first = await visit(0)
  first.say('open', { position: 3, restarted: true, clock_ms: 0 }, '3.a.1')
  await until(() => heard.length === 1)
  steadyMs = 2_000
  // The drift of clocks over minutes is not a suspension; but no time after now is confirmed.
  first.say('confirmed', { position: 3, clock_ms: 1_060 }, '3.a.1')
  await until(() => heard.length === 2)
  steadyMs = 3_000
  first.say('confirmed', { position: 3, clock_ms: 2_000 }, '3.a.1')
  await until(() => heard.length === 3)
  assert.deepEqual(heard, ['restarted', 'confirmed 2000', 'confirmed 2940'])
  first.say('confirmed', { position: 3, clock_ms: 22_000 }, '3.a.1')
  const second = await visit(1)
  assert.equal(second.request.headers['last-event-id'], undefined)
  assert.deepEqual(heard.slice(3), ['restarted'])
  assert.match(errors[0] ?? '', /the clock of this machine stood still for about 19940 ms/)
  second.say('open', { position: 3, restarted: true, clock_ms: 22_500 }, '3.a.1')
  second.say('confirmed', { position: 3, clock_ms: 22_600 }, '3.a.1')
  await until(() => heard.length === 6)
  assert.deepEqual(heard.slice(4), ['restarted', 'confirmed 3000'])
})

test('KEY-10: notifies of changes of owners and clients; unknown holders count as everything', async (t) => {
  const { heard, visit } = await open(t)
  const { say } = await visit(0)
  say('open', { position: 7, restarted: true, clock_ms: 0 })
  const theirs = { owner_ids: ['org_1'], client_ids: ['cli_1', 'cli_2'] }
  for (const holders of [
    theirs,
    null,
    undefined,
    { ...theirs, grant_ids: [] },
    { owner_ids: [1], client_ids: [] },
  ])
    say('change', { position: 8, hashes: null, holders, ended: null })
  await until(() => heard.length === 6)
  assert.deepEqual(heard.slice(1), [
    'changed {"ownerIds":["org_1"],"clientIds":["cli_1","cli_2"]} maybe',
    ...Array(4).fill('changed all maybe'),
  ])
})

test('gives up a connection that stays open without events', async (t) => {
  const { errors, visit } = await open(t, { silenceMs: 50 })
  const { say } = await visit(0)
  say('open', { position: 3, restarted: true, clock_ms: 0 })
  const { request } = await visit(1)
  assert.equal(request.headers['last-event-id'], '3')
  assert.deepEqual(errors[0], 'the feed of changes is silent')
})

test('VER-18: an event that cannot be read may have ended a credential, so the feed starts again', async (t) => {
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
    assert.deepEqual(errors, ['the feed of changes cannot be read'])
    following.close()
  }
})

test('reports a refusal with what to do, and does not reconnect once closed', async (t) => {
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
  assert.match(errors[0] ?? '', /refused \(403\)\. Use an active admin key with the permission `verify`/)
  const count = errors.length
  await sleep(300)
  assert.equal(errors.length, count)
})

test('OPS-08: backs off after an answer that ends without being a feed', async (t) => {
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
  assert.deepEqual(errors, Array(2).fill('the feed of changes ended before its first event'))
})

test('OPS-08: many clients that lose their feed at once do not reconnect at once', async (t) => {
  const pausesMs: number[] = []
  const { setTimeout } = globalThis
  t.mock.method(globalThis, 'setTimeout', (act: () => void, ms: number) => {
    // The others are for silence.
    if (ms < 1_000) pausesMs.push(ms)
    return setTimeout(act, ms)
  })
  let visits = 0
  const server = createServer((_, answer) => {
    visits += 1
    answer.writeHead(503).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const listener = { changed() {}, confirmed() {}, restarted() {} }
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const onError = () => {}
  const feeds = Array.from({ length: 30 }, () => followOverHttp(listener, { base, adminKey, onError }))
  t.after(() => {
    for (const feed of feeds) feed.close()
  })
  await until(() => visits >= 60)
  // A client pauses longer before its next try.
  const first = pausesMs.filter((ms) => ms <= 100).slice(0, 30)
  assert.equal(first.length, 30)
  assert.ok(Math.max(...first) - Math.min(...first) > 15, 'they are spread')
  assert.ok(Math.min(...first) >= 50, 'over the second half of 100 ms')
})
