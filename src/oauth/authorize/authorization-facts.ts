import { hashToken, isToken } from '../../base/one-time-token.ts'
import type { Client } from '../../clients/client.ts'
import type { Db } from '../../db/schema.ts'
import type { Pages } from '../../pages/pages.ts'
import { browserHash, type Visit } from '../../pages/visit.ts'
import { readCatalogue } from '../../scopes/catalogue.store.ts'
import type { Catalogue } from '../../scopes/catalogue.ts'
import type { SignedInUser } from '../../sessions/person.ts'
import type { SignIn } from '../../sign-in/sign-in.ts'
import { ownersThatBlock } from '../blocked-clients/blocked-client.store.ts'
import { unrevokedGrants } from '../grants/grant.store.ts'
import type { Grant } from '../grants/grant.ts'
import { findRequest, type StoredRequest } from './authorization-request.store.ts'

/** Dependencies of the authorization endpoint. */
export interface AuthorizeParts {
  readonly db: Db
  readonly pages: Pages
  readonly signIn: SignIn
  readonly issuer: string
  readonly brand: string | null
  /** Lifetime of a grant; null: until it is revoked. */
  readonly grantSeconds: number | null
  /**
   * Finds a client, pre-registered or not; undefined: there is none.
   *
   * @param ip of the browser: the documents that one network can have the server fetch are bounded; beyond that, `busy`
   */
  readonly findClient: (id: string, ip: string | null) => Promise<Client | 'busy' | undefined>
  /** Called once a change is committed, and awaited. */
  readonly onChanged: () => Promise<void>
}

/** Facts about a request and its client. */
export interface RequestFacts extends StoredRequest {
  /** Token of the stored request; null with `prompt=none`, which is answered at once and never stored. */
  readonly token: string | null
  readonly client: Client | 'busy' | undefined
  readonly catalogue: Catalogue['scopes']
}

/** Everything that the next step depends on, loaded once. */
export interface Facts extends RequestFacts {
  readonly user: SignedInUser | null
  /** The user's unrevoked grants to this client; they may have expired. */
  readonly grants: readonly Grant[]
  /** Those of the user's owners that block the client. */
  readonly blockingOwnerIds: ReadonlySet<string>
}

/** @returns null where the token names no request of this browser */
export async function loadFacts(parts: AuthorizeParts, visit: Visit, token: string): Promise<Facts | null> {
  const { db, findClient } = parts
  const stored = isToken('ar', token)
    ? await findRequest(db, hashToken(token), browserHash(visit))
    : undefined
  if (stored === undefined) return null
  const client = await findClient(stored.request.clientId, visit.ip)
  const { scopes: catalogue } = await readCatalogue(db)
  return await withUserFacts(parts, visit, { ...stored, token, client, catalogue })
}

/** Adds the facts about the signed-in user to those about the request. */
export async function withUserFacts(
  { db, signIn }: AuthorizeParts,
  visit: Visit,
  facts: RequestFacts,
): Promise<Facts> {
  const user = await signIn.currentUser(visit)
  if (user === null) return { ...facts, user, grants: [], blockingOwnerIds: new Set() }
  const { clientId } = facts.request
  const ownerIds = user.owners.map(({ id }) => id)
  return {
    ...facts,
    user,
    grants: await unrevokedGrants(db, user.userId, clientId),
    blockingOwnerIds: await ownersThatBlock(db, clientId, ownerIds),
  }
}
