import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openTlsServer, selfSigned } from '../../test/tls-server.ts'
import { openGuardedFetch } from './guarded-fetch.ts'
import { isPublicAddress } from './public-address.ts'

describe('addresses that the SSRF-guarded fetch may reach', () => {
  it('REG-06 REG-11: are public ones, and never internal ones in any notation', () => {
    for (const address of ['1.1.1.1', '93.184.216.34', '172.32.0.1', '2606:4700::1111', '2a00:1450::1'])
      assert.equal(isPublicAddress(address), true, address)
    const inside = [
      ...[
        '127.0.0.1',
        '127.9.9.9',
        '10.1.2.3',
        '172.16.0.1',
        '172.31.255.255',
        '192.168.1.1',
        '169.254.169.254',
      ],
      ...['0.0.0.0', '100.64.0.1', '192.0.2.1', '198.18.0.1', '203.0.113.9', '224.0.0.1', '255.255.255.255'],
      ...[
        '::1',
        '::',
        'fe80::1',
        'fc00::1',
        'fd12::1',
        'ff02::1',
        '::ffff:127.0.0.1',
        '::ffff:169.254.169.254',
      ],
      ...['64:ff9b::a9fe:a9fe', '2002:7f00:1::', '2001::1', '2001:db8::1', '100::1', '3fff::1'],
    ]
    for (const address of inside) assert.equal(isPublicAddress(address), false, address)
  })
})

const pair = selfSigned()
if (pair === null) it('fetching documents', { skip: 'NO OPENSSL to make a certificate with' })

describe('fetching documents', { skip: pair === null }, () => {
  let server: Awaited<ReturnType<typeof openTlsServer>>
  const reached: string[] = []
  before(async () => {
    server = await openTlsServer(pair ?? { key: '', cert: '' }, (request, response) => {
      reached.push(
        `${request.method} ${request.url} ${request.headers.cookie ?? ''}${request.headers.authorization ?? ''}`,
      )
      const json = { 'content-type': 'application/json; charset=utf-8' }
      switch (request.url) {
        case '/good':
          return response.writeHead(200, { ...json, 'cache-control': 'max-age=60' }).end('{"a":1}')
        case '/moved':
          return response.writeHead(302, { location: '/good' }).end()
        case '/html':
          return response.writeHead(200, { 'content-type': 'text/html' }).end('{}')
        case '/broken':
          return response.writeHead(200, json).end('{')
        case '/large':
          return response.writeHead(200, json).end(JSON.stringify('x'.repeat(20_000)))
        default:
          return undefined
      }
    })
  })
  after(() => server.close())

  it('REG-06 REG-11: does not reach this machine, by name or by address', async () => {
    const fetch = openGuardedFetch({ ca: pair?.cert ?? '' })
    const port = new URL(server.origin).port
    for (const host of ['localhost', '127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1'])
      assert.deepEqual(
        await fetch(`https://${host}:${port}/good`),
        { ok: false, no: 'address_not_public' },
        host,
      )
    assert.deepEqual(reached, [])
  })

  it('REG-11: accepts https only, no redirect, and JSON of a bounded size in a bounded time', async () => {
    const within = (timeoutMs: number) =>
      openGuardedFetch({ ca: pair?.cert ?? '', mayReach: () => true, timeoutMs })
    // So long that only what has to time out does, however busy the machine.
    const [hasty, fetch] = [within(500), within(60_000)]
    const rows: [url: string, fault: string][] = [
      [`${server.origin.replace('https', 'http')}/good`, 'not_https'],
      [server.origin.replace('//', '//user:pw@'), 'not_https'],
      ['not a url', 'not_https'],
      ['file:///etc/passwd', 'not_https'],
      ['https://name.invalid/x', 'not_resolved'],
      [`${server.origin}/moved`, 'status'],
      [`${server.origin}/html`, 'not_json'],
      [`${server.origin}/broken`, 'not_json'],
      [`${server.origin}/large`, 'too_large'],
      [`${server.origin}/never`, 'too_slow'],
      ['https://127.0.0.1:9/x', 'not_reached'],
    ]
    for (const [url, fault] of rows) {
      const isSlow = fault === 'too_slow' || fault === 'not_resolved'
      assert.deepEqual(await (isSlow ? hasty : fetch)(url), { ok: false, no: fault }, url)
    }
    const good = await fetch(`${server.origin}/good`)
    assert.deepEqual(good, { ok: true, value: { json: { a: 1 }, maxAgeSeconds: 60 } })
    assert.equal(reached.at(-1), 'GET /good ', 'no cookie and no credential goes along')
    const untrusting = openGuardedFetch({ mayReach: () => true })
    assert.deepEqual(await untrusting(`${server.origin}/good`), { ok: false, no: 'not_reached' })
  })
})
