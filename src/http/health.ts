import type { FastifyInstance } from 'fastify'
import { ping } from '../db/ping.ts'
import type { Db } from '../db/schema.ts'
import { problem } from './problem.ts'
import { sendProblem } from './send-problem.ts'

/** `/livez`: the process answers. `/readyz`: the database answers and the server is not stopping. Neither reveals more. */
export function healthRoutes(app: FastifyInstance, db: Db, isDraining: () => boolean = () => false): void {
  const schema = { hide: true }
  app.get('/livez', { schema }, async (_, reply) =>
    reply.header('cache-control', 'no-store').send({ status: 'live' }),
  )
  app.get('/readyz', { schema }, async (_, reply) => {
    if (isDraining())
      return sendProblem(reply, problem('stopping', 'Send traffic elsewhere.', { retryAfterSeconds: 2 }))
    try {
      await ping(db)
    } catch {
      return sendProblem(
        reply,
        problem('database_unavailable', 'Send traffic elsewhere.', { retryAfterSeconds: 2 }),
      )
    }
    return reply.header('cache-control', 'no-store').send({ status: 'ready' })
  })
}
