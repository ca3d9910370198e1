import './runtime.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Admission, createGuard } from './guard/guard.ts'
import type { GuardOptions, Requirement } from './guard/guard-options.ts'
import { fromNodeRequest } from './guard/node-request.ts'
import type { Principal } from './verdict/record.ts'

export { principalOf } from './guard/principal-of.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by a guard. Read it with {@link principalOf}, which throws where no guard ran. */
    principal?: Principal | undefined
  }
}

/**
 * Guards for Fastify 5:
 *
 *     app.get('/orders', { onRequest: guard('orders:read') }, (request) => ordersOf(principalOf(request).ownerId))
 *
 * As `onRequest` it refuses before a body is read. `app.addHook('onClose', close)` delivers the last counts.
 */
export function doorward<const Scope extends string = string>(options: GuardOptions<Scope>) {
  const { admitting, resourceMetadata, health, close } = createGuard(options)
  const guard = (...wanted: readonly Requirement<Scope>[]) => {
    const admit = admitting(wanted)
    // With `done` and not async: a cached credential is answered at once, without a promise.
    return (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void => {
      const settle = (admission: Admission): void => {
        // A deadline or the like may have answered while the credential was looked up.
        if (reply.sent || reply.raw.headersSent) return
        if ('answer' in admission) {
          const { status, headers, body } = admission.answer
          void reply.code(status).headers(headers).serializer(JSON.stringify).send(body)
          return
        }
        request.principal = admission.principal
        if (admission.headers !== null) reply.headers(admission.headers)
        done()
      }
      const admission = admit(fromNodeRequest(request.raw, request.originalUrl), request.raw)
      if (admission instanceof Promise) admission.then(settle).catch(done)
      else settle(admission)
    }
  }
  return { guard, resourceMetadata, health, close }
}
