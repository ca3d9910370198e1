import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import express from 'express'
import express4 from 'express4'
import { doorward, principalOf } from './express.ts'
import { behavesAsAGuard } from './guard/adapter.suite.ts'
import { Records, unknownKey } from './source/record.fixture.ts'

async function listen(app: express.Express) {
  const server = app.listen(0, '127.0.0.1')
  await new Promise((listening) => server.once('listening', listening))
  const close = () => new Promise((closed) => server.close(closed))
  return { port: (server.address() as AddressInfo).port, close }
}

const VERSIONS = { Express: express, 'Express 4': express4 }

for (const [name, version] of Object.entries(VERSIONS))
  behavesAsAGuard(name, async (source, more) => {
    const { guard, close } = doorward({
      ...more,
      environment: 'live',
      source,
      onError: () => {},
      scopes: ['orders:read', 'orders:write'],
    })
    const app = version()
    const owner: express.RequestHandler = (request, response) => {
      response.send(principalOf(request).ownerId)
    }
    app.get('/orders', guard('orders:read'), owner)
    app.post('/orders', guard('orders:read', 'orders:write'), owner)
    app.use('/me', guard(), owner)
    app.use('/stacked', guard())
    app.get('/stacked', guard('orders:write', { cost: 3 }), owner)
    const server = await listen(app)
    return { port: server.port, close: () => Promise.all([server.close(), close()]) }
  })

for (const [name, version] of Object.entries(VERSIONS))
  test(`${name}: RS-10: a deadline that answers while a key is looked up ends nothing, and is the one answer`, async (t) => {
    const lost: unknown[] = []
    const note = (reason: unknown) => lost.push(reason)
    process.on('unhandledRejection', note)
    t.after(() => process.off('unhandledRejection', note))
    const source = new Slow()
    const { guard, close: closeGuard } = doorward({ environment: 'live', source, onError: () => {} })
    const app = version()
    let handled = 0
    app.use((_request, response, next) => {
      next()
      response.status(503).send('too late')
    })
    app.get('/orders', guard('orders:read'), () => {
      handled += 1
    })
    app.get('/broken', guard('orders:read'))
    const { port, close } = await listen(app)
    for (const key of [source.add(), unknownKey()]) {
      const answer = await fetch(`http://127.0.0.1:${port}/orders`, { headers: { 'x-api-key': key } })
      assert.deepEqual([answer.status, await answer.text()], [503, 'too late'])
      await source.answer()
      await new Promise((turn) => setImmediate(turn))
    }
    assert.deepEqual([lost, handled], [[], 0])
    await Promise.all([close(), closeGuard()])
  })

/** Answers when the test says so. */
class Slow extends Records {
  readonly #asked: PromiseWithResolvers<() => void>[] = [Promise.withResolvers()]
  /** Waits for the next lookup and answers it. */
  async answer(): Promise<void> {
    const answer = await this.#asked.at(-1)?.promise
    this.#asked.push(Promise.withResolvers())
    answer?.()
  }
  override async lookup(hashes: readonly string[]) {
    await new Promise<void>((resolve) => this.#asked.at(-1)?.resolve(resolve))
    return await super.lookup(hashes)
  }
}

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
