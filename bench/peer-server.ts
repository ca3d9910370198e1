import { doorward, principalOf } from '@doorward/sdk/fastify'
import Fastify from 'fastify'
import pg from 'pg'
import { openBetterAuth } from './better-auth.ts'
import { openNaive } from './naive.ts'

/**
 * One Fastify route, `GET /orders/1`, guarded as the command line says (`naive`, `better-auth` or `doorward`), and the
 * verification endpoint, `POST /verify`, of the first two.
 */
/** The size of Doorward's own pool. */
const POOL_SIZE = 10
const [way] = process.argv.slice(2)
const { PORT, DATABASE_URL, DOORWARD_URL, DOORWARD_VERIFY_KEY } = process.env

const app = Fastify({ logger: false })
app.get('/livez', async () => ({ status: 'live' }))
const order = (ownerId: string) => ({ id: 'ord_1', owner_id: ownerId, item: 'Desk lamp', amount: 4_900 })

if (way === 'doorward') {
  const { guard, close } = doorward({ url: DOORWARD_URL, adminKey: DOORWARD_VERIFY_KEY, environment: 'live' })
  app.addHook('onClose', close)
  app.get('/orders/1', { onRequest: guard('orders:read') }, async (request) =>
    order(principalOf(request).ownerId),
  )
} else {
  const pool = new pg.Pool({ connectionString: DATABASE_URL, max: POOL_SIZE })
  const verify = way === 'naive' ? await naive(pool) : await betterAuth(pool)
  app.get('/orders/1', async (request, reply) => {
    const ownerId = await verify(request.headers.authorization?.slice('Bearer '.length) ?? '')
    return ownerId === null ? reply.code(401).send({ error: 'invalid_token' }) : order(ownerId)
  })
  app.post<{ Body: { credential: string } }>('/verify', async ({ body }) => {
    const ownerId = await verify(body.credential)
    return ownerId === null ? { valid: false } : { valid: true, principal: { owner_id: ownerId } }
  })
}
await app.listen({ port: Number(PORT), host: '127.0.0.1' })

async function naive(pool: pg.Pool) {
  const keys = await openNaive(pool)
  return async (text: string) => (await keys.verify(text, 'orders:read'))?.owner_id ?? null
}

async function betterAuth(pool: pg.Pool) {
  const keys = await openBetterAuth(pool)
  return async (text: string) => ((await keys.verify(text)) ? 'org_1' : null)
}
