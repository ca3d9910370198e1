import { doorward, principalOf } from '@doorward/sdk/fastify'
import Fastify, { type FastifyInstance } from 'fastify'
import { type NewOrder, OrderBook, toOrderWire } from './orders.ts'

// The default is milliseconds since the epoch.
const timestamp = () => `,"time":"${new Date().toISOString()}"`

export interface OrdersApiOptions {
  /** The URL of Doorward. */
  readonly doorwardUrl: string
  /** An admin key of Doorward with the permission `verify` and no other. */
  readonly doorwardKey: string
  /** The environment that this API serves. Keys of any other are refused. */
  readonly environment: string
}

const NOT_FOUND = { status: 404, code: 'not_found', title: 'There is no such order' } as const
const DEFAULT_LIMIT = 20

/** A usual API. Doorward adds three things: `doorward`, a guard per route, and `principalOf(request)`. */
export function buildOrdersApi({ doorwardUrl, doorwardKey, environment }: OrdersApiOptions): FastifyInstance {
  const app = Fastify({ logger: { level: 'warn', base: null, timestamp } })
  const orders = new OrderBook()
  const { guard, close } = doorward({
    url: doorwardUrl,
    adminKey: doorwardKey,
    environment,
    // In the list of verifiers, which shows where a revocation has arrived.
    verifierName: 'orders API',
    scopes: ['orders:read', 'orders:write', 'orders:admin'],
    // Clients are told only "not accepted"; our own log gets the reason.
    onRefusal: (refusal, where) => app.log.warn({ ...where, refusal }, 'refused'),
    onError: (error) => app.log.error({ err: error }, 'Doorward cannot be asked; requests get 503'),
  })
  app.addHook('onClose', close)

  app.get('/', async () => ({
    see: '/orders',
    needs: 'Authorization: Bearer, with a key that has orders:read',
  }))
  app.get('/livez', async () => ({ status: 'live' }))

  app.get<{ Querystring: { limit?: number; after?: string } }>(
    '/orders',
    { onRequest: guard('orders:read'), schema: { querystring: PageQuery } },
    async (request) => {
      const { limit = DEFAULT_LIMIT, after } = request.query
      const found = orders.list(principalOf(request).ownerId, limit + 1, after)
      const page = found.slice(0, limit)
      return { data: page.map(toOrderWire), next: found.length > limit ? page.at(-1)?.id : null }
    },
  )

  // Hidden equals missing: the same 404 for another owner's order and for one that does not exist.
  app.get<{ Params: { id: string } }>(
    '/orders/:id',
    { onRequest: guard('orders:read') },
    async (request, reply) => {
      const order = orders.find(principalOf(request).ownerId, request.params.id)
      return order === undefined ? reply.code(404).send(NOT_FOUND) : toOrderWire(order)
    },
  )

  // The owner of the order comes from the key, never from the body.
  app.post<{ Body: NewOrder }>(
    '/orders',
    { onRequest: guard('orders:write'), schema: { body: NewOrderBody } },
    async (request, reply) => {
      const order = orders.add(principalOf(request).ownerId, request.body, new Date())
      return reply.code(201).send(toOrderWire(order))
    },
  )

  app.delete<{ Params: { id: string } }>(
    '/orders/:id',
    { onRequest: guard('orders:admin') },
    async (request, reply) =>
      orders.remove(principalOf(request).ownerId, request.params.id)
        ? reply.code(204).send()
        : reply.code(404).send(NOT_FOUND),
  )
  return app
}

const PageQuery = {
  type: 'object',
  properties: {
    limit: { type: 'integer', minimum: 1, maximum: 100 },
    after: { type: 'string', pattern: '^ord_\\d{6,9}$' },
  },
}

const NewOrderBody = {
  type: 'object',
  required: ['customer', 'item', 'amount'],
  additionalProperties: false,
  properties: {
    customer: { type: 'string', minLength: 1, maxLength: 100 },
    item: { type: 'string', minLength: 1, maxLength: 100 },
    amount: { type: 'integer', minimum: 1, maximum: 100_000_000, description: 'In cents' },
  },
}
