import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import { type HttpBindings, serve } from '@hono/node-server'
import { doorward } from './fetch.ts'
import { behavesAsAGuard } from './guard/adapter.suite.ts'
import { Records, ranges } from './source/record.fixture.ts'

behavesAsAGuard('fetch', async (source, more) => {
  const { guard, close } = doorward({
    ...more,
    environment: 'live',
    source,
    onError: () => {},
    scopes: ['orders:read', 'orders:write'],
  })
  const writing = guard('orders:write', { cost: 3 })((_, { ownerId }) => new Response(ownerId))
  const routes = new Map([
    ['GET /stacked', guard()((request) => writing(request))],
    ['GET /orders', guard('orders:read')((_, principal) => new Response(principal.ownerId))],
    ['POST /orders', guard('orders:read', 'orders:write')((_, { ownerId }) => new Response(ownerId))],
    ['GET /me', guard()(async (_, { ownerId }) => new Response(ownerId))],
  ])
  const handle = async (request: Request, { incoming }: HttpBindings) => {
    const handler = routes.get(`${request.method} ${new URL(request.url).pathname}`)
    return (await handler?.(request, { peerIp: incoming.socket.remoteAddress })) ?? Response.error()
  }
  const server = serve({
    fetch: (request, env) => handle(request, env as HttpBindings),
    port: 0,
    hostname: '127.0.0.1',
  })
  await new Promise((listening) => server.once('listening', listening))
  const closed = () => new Promise((done) => server.close(done))
  return { port: (server.address() as AddressInfo).port, close: () => Promise.all([closed(), close()]) }
})

test('fetch: without a peer address an allow-list refuses every caller', async () => {
  const source = new Records()
  const { guard } = doorward({ environment: 'live', source })
  const orders = guard('orders:read')(() => new Response('in'))
  const ask = (key: string) => new Request('https://api.example/orders', { headers: { 'x-api-key': key } })
  const anywhere = source.add({ ipAllowlist: ranges('0.0.0.0/0', '::/0') })
  assert.equal((await orders(ask(anywhere))).status, 401)
  assert.equal((await orders(ask(anywhere), { peerIp: '127.0.0.1' })).status, 200)
  assert.equal((await orders(ask(source.add()))).status, 200)
})
