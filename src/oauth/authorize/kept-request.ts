import { hashToken, isToken } from '../../base/one-time-token.ts'
import { type Client, whyEnded } from '../../clients/client.ts'
import { matchesRedirectUri } from '../../clients/redirect-uri.ts'
import type { Db } from '../../db/schema.ts'
import { browserHash, type Visit } from '../../pages/visit.ts'
import { findRequest, type KeptRequest } from './authorization-request.store.ts'
import type { AuthorizationRequest } from './authorization-request.ts'

/** A request of this browser, and what has become of it. The truth about its app comes first: that decides where it may lead. */
export type Kept =
  | { readonly state: 'waits'; readonly request: AuthorizationRequest; readonly client: Client }
  | {
      readonly state: 'answered'
      readonly request: AuthorizationRequest
      readonly client: Client
      readonly answered: NonNullable<KeptRequest['answered']>
    }
  | { readonly state: 'too_late'; readonly request: AuthorizationRequest; readonly client: Client }
  /** Nothing may be sent to the app's address. */
  | { readonly state: 'client_gone' | 'client_stopped' | 'address_removed' }
  /** Its document could not be looked at just now. */
  | { readonly state: 'busy' }
  | { readonly state: 'unknown' }

export async function keptRequest(
  {
    db,
    findClient,
  }: {
    readonly db: Db
    readonly findClient: (id: string, ip: string | null) => Promise<Client | 'busy' | undefined>
  },
  visit: Visit,
  token: string,
): Promise<Kept> {
  if (!isToken('ar', token)) return { state: 'unknown' }
  const found = await findRequest(db, hashToken(token), browserHash(visit))
  if (found === undefined) return { state: 'unknown' }
  const { request, answered } = found
  const client = await findClient(request.clientId, visit.ip)
  if (client === 'busy') return { state: 'busy' }
  if (client === undefined || client.revokedAt !== null) return { state: 'client_gone' }
  if (whyEnded(client) !== null) return { state: 'client_stopped' }
  if (!matchesRedirectUri(request.redirectUri, client.redirectUris)) return { state: 'address_removed' }
  if (answered !== null) return { state: 'answered', request, client, answered }
  return { state: request.expiresAt > visit.now ? 'waits' : 'too_late', request, client }
}
