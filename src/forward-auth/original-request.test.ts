import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { describe, it } from 'node:test'
import { isAsking, originalRequest, type ProxyKind } from './original-request.ts'

interface Asked {
  readonly method?: string
  readonly url?: string
  readonly headers?: Record<string, string | string[]>
}

function read(proxy: ProxyKind, { method = 'GET', url = '/v1/forward-auth', headers = {} }: Asked) {
  const request = { method, url, headers } as unknown as IncomingMessage
  return isAsking(proxy, url) ? originalRequest(proxy, request) : 'not asked'
}

describe('the original request, as a proxy describes it', () => {
  // Headers that each proxy adds to the client's.
  const nginx = {
    'x-original-method': 'POST',
    'x-original-uri': '/orders?x=1',
    'x-original-host': 'a.example',
  }
  const forwarded = {
    'x-forwarded-method': 'POST',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'A.example:443',
    'x-forwarded-uri': '/orders?x=1',
    'x-forwarded-for': '203.0.113.9',
  }
  const orders = { method: 'POST', host: 'a.example', uri: '/orders?x=1', path: '/orders' }

  it('nginx: reads the headers that its configuration sets', () => {
    assert.deepEqual(read('nginx', { headers: { ...nginx, host: 'doorward' } }), orders)
  })
  it('Caddy and Traefik: reads X-Forwarded headers', () => {
    for (const proxy of ['caddy', 'traefik'] as const)
      assert.deepEqual(read(proxy, { headers: { ...forwarded, host: 'doorward' } }), orders)
  })
  it('Caddy: ignores the query that it repeats, which the client chooses', () => {
    for (const query of ['?', '?x=1', '?/../x', '??'])
      assert.deepEqual(read('caddy', { url: `/v1/forward-auth${query}`, headers: forwarded }), orders)
  })
  it('Envoy: reads the request itself, with a prefix to its path', () => {
    const asked = { method: 'POST', url: '/v1/forward-auth/orders?x=1', headers: { host: 'a.example' } }
    assert.deepEqual(read('envoy', asked), orders)
    assert.deepEqual(read('envoy', { url: '/v1/forward-auth//x', headers: { host: 'a' } }), {
      method: 'GET',
      host: 'a',
      uri: '//x',
      path: '//x',
    })
  })
  it('ignores the headers of another kind, which a client could have sent', () => {
    assert.equal(read('nginx', { headers: forwarded }), null)
    assert.equal(read('caddy', { headers: nginx }), null)
    assert.equal(read('traefik', { headers: nginx }), null)
    const both = { ...nginx, ...forwarded, 'x-forwarded-uri': '/public' }
    assert.deepEqual(read('nginx', { headers: both }), orders)
    const envoy = { url: '/v1/forward-auth/admin', headers: { ...both, host: 'a.example' } }
    assert.deepEqual(read('envoy', envoy), {
      method: 'GET',
      host: 'a.example',
      uri: '/admin',
      path: '/admin',
    })
  })
  it('reads no other path, and for Envoy only paths below it', () => {
    for (const proxy of ['nginx', 'caddy', 'traefik'] as const)
      for (const url of ['/v1/forward-auth/', '/v1/forward-auth/x', '/v1/forward-authx', '/v1/verify'])
        assert.equal(read(proxy, { url, headers: { ...nginx, ...forwarded } }), 'not asked')
    for (const url of ['/v1/forward-auth', '/v1/forward-auth?x', '/v1/forward-authx'])
      assert.equal(read('envoy', { url, headers: { host: 'a' } }), 'not asked')
  })
  it('does not guess a method, path or host that is missing, repeated or invalid', () => {
    const odd: Record<string, string>[] = [
      { 'x-original-method': '' },
      { 'x-original-method': 'get' },
      { 'x-original-method': 'GET, DELETE' },
      { 'x-original-method': 'X'.repeat(21) },
      { 'x-original-uri': '' },
      { 'x-original-uri': 'http://a.example/orders' },
      { 'x-original-uri': '*' },
      { 'x-original-host': 'a.example, b.example' },
      { 'x-original-host': 'a.example/x' },
      { 'x-original-host': 'user@a.example' },
      { 'x-original-host': '..' },
    ]
    for (const change of odd)
      assert.equal(read('nginx', { headers: { ...nginx, ...change } }), null, JSON.stringify(change))
    for (const left of ['x-original-method', 'x-original-uri'])
      assert.equal(read('nginx', { headers: { ...nginx, [left]: [] } }), null, left)
  })
  it('compares hosts without case, port and trailing dot', () => {
    for (const [told, host] of [
      ['A.Example', 'a.example'],
      ['a.example.', 'a.example'],
      ['a.example.:8443', 'a.example'],
      ['127.0.0.1:80', '127.0.0.1'],
      ['[2001:DB8::1]:80', '[2001:db8::1]'],
      ['', null],
    ] as const)
      assert.deepEqual(read('nginx', { headers: { ...nginx, 'x-original-host': told } }), { ...orders, host })
  })
})
