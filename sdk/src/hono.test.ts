import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import { Hono } from 'hono'
import { behavesAsAGuard } from './guard/adapter.suite.ts'
import { type DoorwardEnv, doorward, principalOf } from './hono.ts'

behavesAsAGuard('Hono', async (source, more) => {
  const { guard, close } = doorward({
    ...more,
    environment: 'live',
    source,
    onError: () => {},
    scopes: ['orders:read', 'orders:write'],
    peerIp: (c) => getConnInfo(c).remote.address,
  })
  const app = new Hono<DoorwardEnv>()
  app.get('/orders', guard('orders:read'), (c) => c.text(principalOf(c).ownerId))
  app.post('/orders', guard('orders:read', 'orders:write'), (c) => c.text(principalOf(c).ownerId))
  app.use('/me', guard())
  app.use('/stacked', guard())
  // Some middleware replaces the Request.
  app.use('/stacked', async (c, next) => {
    c.req.raw = new Request(c.req.raw)
    await next()
  })
  app.get('/stacked', guard('orders:write', { cost: 3 }), (c) => c.text(principalOf(c).ownerId))
  app.get('/me', (c) => c.text(principalOf(c).ownerId))
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
  await new Promise((listening) => server.once('listening', listening))
  const closed = () => new Promise((done) => server.close(done))
  return { port: (server.address() as AddressInfo).port, close: () => Promise.all([closed(), close()]) }
})
