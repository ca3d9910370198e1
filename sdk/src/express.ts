import './runtime.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Admission, createGuard } from './guard/guard.ts'
import type { GuardOptions, Requirement } from './guard/guard-options.ts'
import { fromNodeRequest } from './guard/node-request.ts'
import type { Principal } from './verdict/record.ts'

export { principalOf } from './guard/principal-of.ts'

declare global {
  namespace Express {
    interface Request {
      /** Set by a guard. Read it with {@link principalOf}, which throws where no guard ran. */
      principal?: Principal | undefined
    }
  }
}

/**
 * Guards for Express 5 and 4, and for any framework with `(req, res, next)`:
 *
 *     app.get('/orders', guard('orders:read'), (req, res) => res.json(ordersOf(principalOf(req).ownerId)))
 */
export function doorward<const Scope extends string = string>(options: GuardOptions<Scope>) {
  const { admitting, resourceMetadata, health, close } = createGuard(options)
  const guard = (...wanted: readonly Requirement<Scope>[]) => {
    const admit = admitting(wanted)
    return (
      request: IncomingMessage & { originalUrl?: string },
      response: ServerResponse,
      next: (error?: unknown) => void,
    ): void => {
      const settle = (admission: Admission): void => {
        // A deadline or the like may have answered while the credential was looked up.
        if (response.headersSent || response.writableEnded) return
        if ('answer' in admission) {
          const { status, headers, body } = admission.answer
          response.writeHead(status, headers).end(JSON.stringify(body))
          return
        }
        for (const [name, value] of Object.entries(admission.headers ?? {})) response.setHeader(name, value)
        Object.assign(request, { principal: admission.principal })
        next()
      }
      const incoming = fromNodeRequest(request, request.originalUrl ?? request.url ?? '/')
      const admission = admit(incoming, request)
      // Express 4 ignores promises: a rejection would end the process.
      if (admission instanceof Promise) admission.then(settle).catch(next)
      else settle(admission)
    }
  }
  return { guard, resourceMetadata, health, close }
}
