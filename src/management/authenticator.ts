import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Secret } from '@doorward/sdk/kernel'
import { no, type Result } from '../base/result.ts'
import type { Db, Tx } from '../db/schema.ts'
import type { Problem } from '../http/problem.ts'
import type { Caller } from './caller.ts'
import type { Needs } from './operation.ts'
import type { AnyPermission } from './permission.ts'
import { whyNotPermitted } from './why-not-permitted.ts'

/** Origin and moment of a request, before its caller is known. */
export type Arrival = Pick<Caller, 'ip' | 'requestId' | 'now'>

/** The parts of a request that an authenticator reads a credential from. */
export interface Incoming {
  /** The one token in a header; null where there is none. */
  readonly token: string | null
  readonly headers: IncomingHttpHeaders
}

/**
 * The state that a credential is checked against. `cache`: changes are seen within milliseconds, and within five seconds
 * whatever fails. `database`: as it is now. `commit`: as other transactions have committed it, without what this
 * transaction changed itself.
 */
export type View =
  | { readonly of: 'cache' }
  | { readonly of: 'database'; readonly db: Db }
  | { readonly of: 'commit'; readonly tx: Tx }

/** A credential as a request presented it. It can be authenticated again at a later moment, and in a transaction. */
export interface PresentedCredential {
  /** Secret known to the client alone: idempotent answers are sealed with it. */
  readonly secret: Secret
  /** True for a cookie: browsers send it by themselves, so a change with one needs protection from CSRF. */
  readonly carrier: 'header' | 'cookie'
  authenticate(view: View, arrival: Arrival): Promise<Result<Caller, Problem>>
  /** Called once the caller may do an operation, where uses of this kind are recorded. */
  readonly noteUse?: (permission: AnyPermission, request: IncomingMessage) => void
}

/** One kind of credential that calls the management API. */
export interface Authenticator {
  /** Its security scheme in the OpenAPI document. */
  readonly scheme: string
  /** For people: how to present it. */
  readonly howToPresent: string
  /** Every permission that it can give. Operations that need another one never look for it. */
  readonly gives: ReadonlySet<AnyPermission>
  /** @returns null where the request carries no credential of this kind, by its form alone */
  read(incoming: Incoming): PresentedCredential | null
}

/** A caller, and the credential that proved it. */
export interface Authenticated {
  readonly caller: Caller
  readonly credential: PresentedCredential
}

/**
 * Authenticates a caller again at another moment: minutes may lie between a request's headers and the end of its body,
 * and the credential may have ended meanwhile.
 *
 * @returns the caller at `now`, or the problem that a request with this credential would get at that moment
 */
export async function authenticateAgain(
  { caller, credential }: Authenticated,
  view: View,
  needs: Needs,
  now: Date,
): Promise<Result<Caller, Problem>> {
  const { ip, requestId } = caller
  const again = await credential.authenticate(view, { ip, requestId, now })
  if (!again.ok) return again
  const refused = whyNotPermitted(again.value, needs)
  return refused === null ? again : no(refused)
}
