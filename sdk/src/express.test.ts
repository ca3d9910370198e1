import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import express from 'express'
import { behavesAsAGuard } from './adapter.suite.ts'
import { doorward } from './express.ts'
import { Records, unknownKey } from './record.fixture.ts'

async function listen(app: express.Express) {
  const server = app.listen(0, '127.0.0.1')
  await new Promise((listening) => server.once('listening', listening))
  const close = () => new Promise((closed) => server.close(closed))
  return { port: (server.address() as AddressInfo).port, close }
}

behavesAsAGuard('Express', async (source, more) => {
  const { guard, close } = doorward({
    ...more,
    environment: 'live',
    source,
    onError: () => {},
    scopes: ['orders:read', 'orders:write'],
  })
  const app = express()
  const owner: express.RequestHandler = (request, response) => {
    response.send(request.principal.ownerId)
  }
  app.get('/orders', guard('orders:read'), owner)
  app.post('/orders', guard('orders:read', 'orders:write'), owner)
  app.use('/me', guard(), owner)
  app.use('/stacked', guard())
  app.get('/stacked', guard('orders:write', { cost: 3 }), owner)
  const server = await listen(app)
  return { port: server.port, close: () => Promise.all([server.close(), close()]) }
})

test('Express: in a mounted router the guard sees the whole path, and what a handler throws stays Express’s', async () => {
  const source = new Records()
  const paths: string[] = []
  const { guard } = doorward({ environment: 'live', source, onRefusal: (_, { path }) => paths.push(path) })
  const router = express
    .Router()
    .use(guard('orders:read'))
    .get('/fails', () => {
      throw new Error('mine')
    })
  const app = express().use('/v1/orders', router)
  app.use((error: Error, _request: unknown, response: express.Response, _next: unknown) => {
    response.status(500).send(error.message)
  })
  const { port, close } = await listen(app)
  const url = `http://127.0.0.1:${port}/v1/orders/fails`
  assert.equal((await fetch(url)).status, 401)
  assert.equal((await fetch(`${url}?api_key=${unknownKey()}`)).status, 400)
  assert.deepEqual(paths, ['/v1/orders/fails', '/v1/orders/fails'])
  const failed = await fetch(url, { headers: { 'x-api-key': source.add() } })
  assert.equal(await failed.text(), 'mine')
  await close()
})
