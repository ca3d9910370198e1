import assert from 'node:assert/strict'
import test from 'node:test'
import { fastify } from 'fastify'
import { doorward, principalOf } from './fastify.ts'
import { behavesAsAGuard } from './guard/adapter.suite.ts'
import { Records } from './source/record.fixture.ts'

behavesAsAGuard('Fastify', async (source, more) => {
  const { guard, close } = doorward({
    ...more,
    environment: 'live',
    source,
    onError: () => {},
    scopes: ['orders:read', 'orders:write'],
  })
  const app = fastify().addHook('onClose', close)
  app.get('/orders', { onRequest: guard('orders:read') }, (request) => principalOf(request).ownerId)
  app.post(
    '/orders',
    { preHandler: guard('orders:read', 'orders:write') },
    (request) => principalOf(request).ownerId,
  )
  app.get('/me', { onRequest: [guard()] }, async (request) => principalOf(request).ownerId)
  void app.register(async (outer) => {
    outer.addHook('onRequest', guard())
    void outer.register(async (inner) => {
      inner.get(
        '/stacked',
        { preHandler: guard('orders:write', { cost: 3 }) },
        (request) => principalOf(request).ownerId,
      )
    })
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  return { port: Number(new URL(url).port), close: () => app.close() }
})

test('Fastify: as onRequest it refuses before the body is read', async () => {
  const { guard } = doorward({ environment: 'live', source: new Records() })
  const app = fastify()
  const steps: string[] = []
  app.addHook('preParsing', async () => {
    steps.push('body')
  })
  app.post('/orders', { onRequest: guard('orders:write') }, () => 'in')
  const answer = await app.inject({
    method: 'POST',
    url: '/orders',
    payload: '{',
    headers: { 'content-type': 'application/json' },
  })
  assert.equal(answer.statusCode, 401)
  assert.deepEqual(steps, [])
})

test('Fastify: a guard works with typed routes, and as a hook of a whole scope', async () => {
  const source = new Records()
  const { guard } = doorward({ environment: 'live', source })
  const app = fastify()
  app.addHook('onRequest', guard('orders:read'))
  app.get<{ Params: { id: string } }>('/orders/:id', { onRequest: guard() }, (request) => ({
    id: request.params.id,
    owner: principalOf(request).ownerId,
  }))
  const headers = { authorization: `Bearer ${source.add()}` }
  assert.deepEqual((await app.inject({ url: '/orders/7', headers })).json(), { id: '7', owner: 'org_1' })
  assert.equal((await app.inject({ url: '/orders/7' })).statusCode, 401)
})
