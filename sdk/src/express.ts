import type { IncomingMessage, ServerResponse } from 'node:http'
import { type DoorOptions, openDoor } from './door.ts'
import { fromNodeRequest } from './node-request.ts'
import type { Principal } from './record.ts'

declare global {
  namespace Express {
    interface Request {
      /** Who calls, behind a guard; without one it is missing. */
      principal: Principal
    }
  }
}

/**
 * Guards for Express 5 and 4, and whatever takes `(req, res, next)`:
 *
 *     app.get('/orders', guard('orders:read'), (req, res) => res.json(ordersOf(req.principal.ownerId)))
 */
export function doorward<const Scope extends string = string>(options: DoorOptions<Scope>) {
  const door = openDoor(options)
  const guard = (...scopes: readonly Scope[]) =>
    async function guarded(
      request: IncomingMessage & { originalUrl?: string },
      response: ServerResponse,
      next: () => void,
    ): Promise<void> {
      const url = request.originalUrl ?? request.url ?? '/'
      const admission = await door.admit(fromNodeRequest(request, url), scopes)
      if ('principal' in admission) {
        Object.assign(request, { principal: admission.principal })
        return next()
      }
      const { status, headers, body } = admission.answer
      response.writeHead(status, headers).end(JSON.stringify(body))
    }
  return { guard, close: door.close }
}
