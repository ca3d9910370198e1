import { type DoorOptions, type Incoming, openDoor } from './door.ts'
import type { Principal } from './record.ts'

/** What a `Request` does not tell: the other end of the connection, for allow-lists. */
export interface Connection {
  readonly peerIp?: string | null
}

/**
 * Guards for whatever turns a `Request` into a `Response`:
 *
 *     const orders = guard('orders:read')((request, principal) => Response.json(ordersOf(principal.ownerId)))
 *     await orders(request, { peerIp })
 */
export function doorward<const Scope extends string = string>(options: DoorOptions<Scope>) {
  const door = openDoor(options)
  const guard =
    (...scopes: readonly Scope[]) =>
    (handler: (request: Request, principal: Principal) => Response | Promise<Response>) =>
    async (request: Request, connection: Connection = {}): Promise<Response> => {
      const admission = await door.admit(fromRequest(request, connection.peerIp ?? null), scopes)
      return 'principal' in admission
        ? await handler(request, admission.principal)
        : toResponse(admission.answer)
    }
  return { guard, close: door.close }
}

/** `Headers` joins repeated ones by a comma, which no credential holds: two of them are malformed. */
export function fromRequest(request: Request, peerIp: string | null): Incoming {
  const list = (name: string) => [request.headers.get(name)].filter((value) => value !== null)
  return {
    authorization: list('authorization'),
    xApiKey: list('x-api-key'),
    url: request.url,
    peerIp,
    forwardedFor: request.headers.get('x-forwarded-for'),
    userAgent: request.headers.get('user-agent'),
  }
}

export function toResponse({
  status,
  headers,
  body,
}: {
  status: number
  headers: Record<string, string> | object
  body: object
}) {
  return new Response(JSON.stringify(body), { status, headers: { ...headers } })
}
