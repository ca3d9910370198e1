import './runtime.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { openDoor } from './door.ts'
import type { DoorOptions, GuardArgument } from './door-options.ts'
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
  const guard = (...wanted: readonly GuardArgument<Scope>[]) => {
    const admit = door.admitting(wanted)
    return async (
      request: IncomingMessage & { originalUrl?: string },
      response: ServerResponse,
      next: () => void,
    ): Promise<void> => {
      const admission = await admit(
        fromNodeRequest(request, request.originalUrl ?? request.url ?? '/'),
        request,
      )
      if ('principal' in admission) {
        for (const [name, value] of Object.entries(admission.headers ?? {})) response.setHeader(name, value)
        Object.assign(request, { principal: admission.principal })
        next()
        return
      }
      const { status, headers, body } = admission.answer
      response.writeHead(status, headers).end(JSON.stringify(body))
    }
  }
  return { guard, resourceMetadata: door.resourceMetadata, close: door.close, health: door.health }
}
