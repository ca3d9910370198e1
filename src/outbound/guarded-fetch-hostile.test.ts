import assert from 'node:assert/strict'
import dns from 'node:dns'
import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { after, before, describe, it, mock } from 'node:test'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { openDnsServer } from '../../test/dns-server.ts'
import { eventually } from '../../test/eventually.ts'
import { openTlsServer, selfSigned } from '../../test/tls-server.ts'
import { type FetchFault, openGuardedFetch } from './guarded-fetch.ts'

/** Of a fetch that has to time out. */
const SHORT_MS = 1_000
/** Of a fetch that has to settle before, however busy the machine. */
const LONG_MS = 60_000
/** Of fetches that may do either. */
const TIMEOUT_MS = 2_000
/** Bound on concurrent servers: they all write in this process. */
const TOGETHER = 4
const JSON_HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'

/** Writes repeatedly until the other side has closed. */
function forever(socket: Socket, text: string, everyMs: number): void {
  const timer = setInterval(() => socket.write(text), everyMs)
  socket.once('close', () => clearInterval(timer))
}

function beginning(socket: Socket, text: string, next: () => unknown): void {
  socket.write(text)
  next()
}

type Hostile = readonly [name: string, fault: FetchFault, serve: (socket: TLSSocket) => unknown]

/** Runs after the request has arrived. */
const HOSTILE: readonly Hostile[] = [
  [
    '101 with an upgrade',
    'not_reached',
    (s) => s.write('HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
  ],
  ['101 without one', 'status', (s) => s.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')],
  [
    '101 and then silence',
    'not_reached',
    (s) => s.write('HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nx'),
  ],
  [
    '101 and an end',
    'not_reached',
    (s) => s.end('HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
  ],
  [
    '101 for ever',
    'not_reached',
    (s) => forever(s, 'HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n', 5),
  ],
  ['silence', 'too_slow', () => {}],
  ['half a status line', 'too_slow', (s) => s.write('HTTP/1.1 2')],
  ['half of the headers', 'too_slow', (s) => s.write(JSON_HEAD)],
  [
    'headers without end',
    'not_reached',
    (s) => forever(s, `${JSON_HEAD}${'X-A: aaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(200)}`, 5),
  ],
  ['headers that drip', 'too_slow', (s) => beginning(s, JSON_HEAD, () => forever(s, 'X-A: a\r\n', 300))],
  ['a 100 for ever', 'too_slow', (s) => forever(s, 'HTTP/1.1 100 Continue\r\n\r\n', 5)],
  ['a 103 for ever', 'too_slow', (s) => forever(s, 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', 1)],
  [
    'a body that drips',
    'too_slow',
    (s) => beginning(s, `${JSON_HEAD}Content-Length: 9000\r\n\r\n`, () => forever(s, ' ', 50)),
  ],
  ['a body that never comes', 'too_slow', (s) => s.write(`${JSON_HEAD}Content-Length: 2\r\n\r\n`)],
  [
    'a body without end',
    'too_large',
    (s) => beginning(s, `${JSON_HEAD}\r\n`, () => forever(s, ' '.repeat(2_000), 2)),
  ],
  [
    'a body shorter than its Content-Length',
    'not_reached',
    (s) => s.end(`${JSON_HEAD}Content-Length: 20\r\n\r\n{}`),
  ],
  ['an invalid Content-Length', 'not_reached', (s) => s.end(`${JSON_HEAD}Content-Length: many\r\n\r\n{}`)],
  [
    'two lengths',
    'not_reached',
    (s) => s.end(`${JSON_HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`),
  ],
  ['invalid chunks', 'not_reached', (s) => s.end(`${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}`)],
  [
    'chunks without end',
    'too_slow',
    (s) => s.write(`${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n`),
  ],
  [
    'trailers without end',
    'not_reached',
    (s) =>
      beginning(s, `${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n`, () =>
        forever(s, 'X-T: aaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(200), 5),
      ),
  ],
  [
    'trailers that never come',
    'too_slow',
    (s) => s.write(`${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n`),
  ],
  ['HTTP/0.9', 'not_reached', (s) => s.end('{"a":1}')],
  ['bytes of nothing', 'not_reached', (s) => s.end(Buffer.from([0, 255, 254, 1, 2, 3]))],
  ['a close without an answer', 'not_reached', (s) => s.end()],
  ['a reset without an answer', 'not_reached', (s) => s.destroy()],
  [
    'a reset within the headers',
    'not_reached',
    (s) => beginning(s, JSON_HEAD, () => setTimeout(() => s.destroy(), 20)),
  ],
  [
    'a reset within the body',
    'not_reached',
    (s) => beginning(s, `${JSON_HEAD}Content-Length: 20\r\n\r\n{`, () => setTimeout(() => s.destroy(), 20)),
  ],
  [
    'a redirect',
    'status',
    (s) => s.end('HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1/x\r\nContent-Length: 0\r\n\r\n'),
  ],
  [
    'a redirect that stays open',
    'status',
    (s) => s.write('HTTP/1.1 307 X\r\nLocation: /x\r\nContent-Length: 9\r\n\r\n'),
  ],
  ['a 204', 'status', (s) => s.end('HTTP/1.1 204 No Content\r\n\r\n')],
  ['it is gone', 'gone', (s) => s.end('HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n')],
  [
    'two answers',
    'status',
    (s) => s.end('HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'),
  ],
]

const pair = selfSigned()
if (pair === null) it('hostile servers', { skip: 'NO OPENSSL to make a certificate with' })

describe('hostile servers', { skip: pair === null }, () => {
  const { key, cert } = pair ?? { key: '', cert: '' }
  const open: (Server | { close(): void })[] = []
  const sockets = new Set<Socket>()
  const within = (timeoutMs: number) => openGuardedFetch({ ca: cert, mayReach: () => true, timeoutMs })
  const [hasty, patient] = [within(SHORT_MS), within(LONG_MS)]
  after(() => {
    for (const socket of sockets) socket.destroy()
    for (const server of open) server.close()
  })

  async function listening(server: Server): Promise<string> {
    open.push(server)
    server.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `https://127.0.0.1:${(server.address() as { port: number }).port}/x`
  }
  const tls = (serve: (socket: TLSSocket) => unknown) =>
    listening(
      createTlsServer({ key, cert }, (socket) => {
        socket.on('error', () => {})
        socket.once('data', () => serve(socket))
      }),
    )
  /** The outcome of each fetch. */
  async function all(rows: readonly (readonly [url: string, expected: string])[]): Promise<unknown[]> {
    const answers: unknown[] = []
    for (let at = 0; at < rows.length; at += TOGETHER)
      answers.push(...(await Promise.all(rows.slice(at, at + TOGETHER).map(answerTo))))
    return answers
  }
  const answerTo = async ([url, expected]: readonly [url: string, expected: string]) => {
    const done = await (expected === 'too_slow' ? hasty : patient)(url)
    return done.ok ? 'fetched' : done.no
  }

  it('REG-15: each fetch settles with the right outcome, before its time-out where it can, and keeps no connection', async () => {
    const urls = await Promise.all(
      HOSTILE.map(async ([, fault, serve]) => [await tls(serve), fault] as const),
    )
    const answers = await all(urls)
    assert.deepEqual(
      answers.map((answer, n) => `${HOSTILE[n]?.[0]}: ${answer}`),
      HOSTILE.map(([name, fault]) => `${name}: ${fault}`),
    )
    await eventually(
      async () => `${[...sockets].filter(({ destroyed }) => !destroyed).length} connections`,
      '0 connections',
    )
  })

  it('REG-15: a fetch settles when the server is silent, sends garbage or resets before TLS', async () => {
    const rows: [fault: FetchFault, serve: (socket: Socket) => unknown][] = [
      ['too_slow', () => {}],
      ['not_reached', (socket) => socket.end('SSH-2.0-x\r\n')],
      ['not_reached', (socket) => socket.destroy()],
      ['too_slow', (socket) => socket.once('data', () => socket.write(Buffer.from([22, 3, 3, 0x10])))],
      ['not_reached', (socket) => socket.once('data', () => socket.destroy())],
    ]
    const urls = await Promise.all(
      rows.map(async ([fault, serve]) => [await listening(createTcpServer(serve)), fault] as const),
    )
    assert.deepEqual(
      await all(urls),
      rows.map(([fault]) => fault),
    )
  })

  it('REG-11: accepts a body that ends with its connection as complete', async () => {
    const url = await tls((socket) => socket.end(`${JSON_HEAD}\r\n{}`))
    assert.deepEqual(await all([[url, 'fetched']]), ['fetched'])
  })
})

describe('host names', { skip: pair === null }, () => {
  const { key, cert } = pair ?? { key: '', cert: '' }
  let names: Awaited<ReturnType<typeof openDnsServer>>
  let server: Awaited<ReturnType<typeof openTlsServer>>
  let reached = 0
  before(async () => {
    names = await openDnsServer((name, type) => {
      if (name === 'tarpit.example' || (name === 'half.example' && type === 'AAAA')) return null
      if (name === 'half.example') return ['127.0.0.1']
      if (name === 'inside.example') return type === 'A' ? ['10.0.0.1'] : []
      if (name === 'mixed.example') return type === 'A' ? ['93.184.216.34', '169.254.169.254'] : []
      if (name === 'six.example') return type === 'A' ? ['93.184.216.34'] : ['fd00::1']
      if (name === 'mapped.example') return type === 'A' ? [] : ['::ffff:7f00:1']
      return []
    })
    server = await openTlsServer({ key, cert }, (_, response) => {
      reached += 1
      response.end('{}')
    })
  })
  after(() => {
    names.close()
    server.close()
  })
  const open = (mayReach?: (address: string) => boolean) =>
    openGuardedFetch({
      ca: cert,
      timeoutMs: TIMEOUT_MS,
      dnsServers: [names.address],
      ...(mayReach === undefined ? {} : { mayReach }),
    })

  it('REG-11: checks every address of every family', async () => {
    const fetch = open()
    const { port } = new URL(server.origin)
    for (const host of ['inside', 'mixed', 'six', 'mapped'])
      assert.deepEqual(
        await fetch(`https://${host}.example:${port}/`),
        { ok: false, no: 'address_not_public' },
        host,
      )
    assert.deepEqual(await fetch('https://nothing.example/'), { ok: false, no: 'not_resolved' })
    for (const host of ['localhost', 'a.localhost', 'localhost.'])
      assert.deepEqual(await fetch(`https://${host}:${port}/`), { ok: false, no: 'address_not_public' }, host)
    assert.equal(reached, 0)
    assert.ok(!names.asked.some((each) => each.includes('localhost')), 'this is never asked of DNS')
  })

  it('REG-11: resolves a name once, and connects to the address that was checked (DNS rebinding)', async () => {
    const looked: string[] = []
    const fetch = open((address) => looked.push(address) > 0)
    const before = names.asked.length
    await fetch(`https://half.example:${new URL(server.origin).port}/`)
    assert.deepEqual(looked, ['127.0.0.1'])
    assert.equal(names.asked.slice(before).filter((each) => each === 'A half.example').length, 1)
  })

  it('REG-15: times out on a name server that never answers, without delaying other fetches', async () => {
    const lookup = mock.method(dns, 'lookup')
    const promised = mock.method(dns.promises, 'lookup')
    const fetch = open()
    const answers = Promise.all(Array.from({ length: 20 }, () => fetch('https://tarpit.example/')))
    assert.deepEqual(
      new Set((await answers).map((each) => (each.ok ? 'fetched' : each.no))),
      new Set(['not_resolved']),
    )
    assert.deepEqual([lookup.mock.callCount(), promised.mock.callCount()], [0, 0])
    mock.restoreAll()
  })
})
