import './runtime.ts'
import { createGuard } from './guard/guard.ts'
import type { GuardOptions, Requirement } from './guard/guard-options.ts'
import { fromWebRequest, toWebResponse, withHeaders } from './guard/web-request.ts'
import type { Principal } from './verdict/record.ts'

/** Facts about the connection that a `Request` does not have. */
export interface Connection {
  /** The other end of the connection, for allow-lists. Default: not known. */
  readonly peerIp?: string | null | undefined
}

/**
 * Guards for handlers that turn a `Request` into a `Response`:
 *
 *     const orders = guard('orders:read')((request, principal) => Response.json(ordersOf(principal.ownerId)))
 *     await orders(request, { peerIp })
 */
export function doorward<const Scope extends string = string>(options: GuardOptions<Scope>) {
  const { admitting, resourceMetadata, health, close } = createGuard(options)
  const guard = (...wanted: readonly Requirement<Scope>[]) => {
    const admit = admitting(wanted)
    return (handler: (request: Request, principal: Principal) => Response | Promise<Response>) =>
      async (request: Request, { peerIp = null }: Connection = {}): Promise<Response> => {
        const admission = await admit(fromWebRequest(request, peerIp), request)
        if ('answer' in admission) return toWebResponse(admission.answer)
        const response = await handler(request, admission.principal)
        return admission.headers === null ? response : withHeaders(response, admission.headers)
      }
  }
  return { guard, resourceMetadata, health, close }
}
