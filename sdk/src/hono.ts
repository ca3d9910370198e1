import './runtime.ts'
import type { Context, MiddlewareHandler } from 'hono'
import { createGuard } from './guard/guard.ts'
import type { GuardOptions, Requirement } from './guard/guard-options.ts'
import { principalOf as principalOfRequest } from './guard/principal-of.ts'
import { fromWebRequest, toWebResponse } from './guard/web-request.ts'
import type { Principal } from './verdict/record.ts'

/** For `new Hono<DoorwardEnv>()`. Read the principal with {@link principalOf}, which throws where no guard ran. */
export interface DoorwardEnv {
  Variables: { principal: Principal | undefined }
}

/** Behind a guard in the same chain, where Hono's types prove that it ran. */
interface GuardedEnv {
  Variables: { principal: Principal }
}

export interface HonoOptions<Scope extends string = string> extends GuardOptions<Scope> {
  /** Returns the other end of the connection, from the runtime. Default: not known. */
  readonly peerIp?: (context: Context) => string | null | undefined
}

/**
 * Guards for Hono 4:
 *
 *     app.get('/orders', guard('orders:read'), (c) => c.json(ordersOf(principalOf(c).ownerId)))
 *
 * On Node, allow-lists need `peerIp: (c) => getConnInfo(c).remote.address` from `@hono/node-server/conninfo`.
 */
export function doorward<const Scope extends string = string>(options: HonoOptions<Scope>) {
  const { admitting, resourceMetadata, health, close } = createGuard(options, ['peerIp'])
  const guard = (...wanted: readonly Requirement<Scope>[]): MiddlewareHandler<GuardedEnv> => {
    const admit = admitting(wanted)
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
  return { guard, resourceMetadata, health, close }
}

/**
 * Returns the principal of a request that a guard let in.
 *
 * @throws Error where no guard ran
 */
export function principalOf(context: {
  readonly var: { readonly principal?: Principal | undefined }
}): Principal {
  return principalOfRequest(context.var)
}
