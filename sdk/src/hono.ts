import './runtime.ts'
import type { Context, MiddlewareHandler } from 'hono'
import { openDoor } from './guard/guard.ts'
import type { DoorOptions, GuardArgument } from './guard/guard-options.ts'
import { fromWebRequest, toWebResponse } from './guard/web-request.ts'
import type { Principal } from './verdict/record.ts'

/** For `new Hono<DoorwardEnv>()`: what a guard puts into the context. */
export interface DoorwardEnv {
  Variables: { principal: Principal }
}

export interface HonoOptions<Scope extends string = string> extends DoorOptions<Scope> {
  /** The other end of the connection, which each runtime tells in its own way. Default: not known. */
  readonly peerIp?: (context: Context) => string | null | undefined
}

/**
 * Guards for Hono 4:
 *
 *     app.get('/orders', guard('orders:read'), (c) => c.json(ordersOf(c.get('principal').ownerId)))
 *
 * On Node, allow-lists want `peerIp: (c) => getConnInfo(c).remote.address` from `@hono/node-server/conninfo`.
 */
export function doorward<const Scope extends string = string>(options: HonoOptions<Scope>) {
  const door = openDoor(options, ['peerIp'])
  const guard = (...wanted: readonly GuardArgument<Scope>[]): MiddlewareHandler<DoorwardEnv> => {
    const admit = door.admitting(wanted)
    return async (context, next) => {
      const peerIp = options.peerIp?.(context as unknown as Context) ?? null
      const admission = await admit(fromWebRequest(context.req.raw, peerIp), context)
      if ('answer' in admission) return toWebResponse(admission.answer)
      context.set('principal', admission.principal)
      await next()
      for (const [name, value] of Object.entries(admission.headers ?? {})) context.header(name, value)
      return undefined
    }
  }
  return { guard, resourceMetadata: door.resourceMetadata, close: door.close, health: door.health }
}
