import type { Context, MiddlewareHandler } from 'hono'
import { type DoorOptions, openDoor } from './door.ts'
import { fromRequest, toResponse } from './fetch.ts'
import type { Principal } from './record.ts'

/** For `new Hono<DoorwardEnv>()`: what a guard puts into the context. */
export interface DoorwardEnv {
  Variables: { principal: Principal }
}

export interface HonoOptions<Scope extends string> extends DoorOptions<Scope> {
  /** The other end of the connection, which each runtime tells in its own way. Default: not known. */
  readonly peerIp?: (context: Context) => string | null | undefined
}

/**
 * Guards for Hono 4:
 *
 *     app.get('/orders', guard('orders:read'), (c) => c.json(ordersOf(c.get('principal').ownerId)))
 */
export function doorward<const Scope extends string = string>(options: HonoOptions<Scope>) {
  const door = openDoor(options)
  const guard =
    (...scopes: readonly Scope[]): MiddlewareHandler<DoorwardEnv> =>
    async (context, next) => {
      const peerIp = options.peerIp?.(context as unknown as Context) ?? null
      const admission = await door.admit(fromRequest(context.req.raw, peerIp), scopes)
      if (!('principal' in admission)) return toResponse(admission.answer)
      context.set('principal', admission.principal)
      await next()
      return undefined
    }
  return { guard, close: door.close }
}
