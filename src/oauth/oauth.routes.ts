import type { CredentialRecord, IpRanges, Secret } from '@doorward/sdk/kernel'
import type { FastifyInstance } from 'fastify'
import type { KnownAdminKeys } from '../admin-keys/known-admin-keys.ts'
import type { Clock } from '../base/clock.ts'
import { deriveKey } from '../base/derive.ts'
import type { ChangesFeed } from '../changes/changes-feed.ts'
import type { ClientKnowledge } from '../clients/authentication/authenticate-client.ts'
import { spendAssertion } from '../clients/authentication/client-assertion.store.ts'
import { ClientCache } from '../clients/authentication/client-cache.ts'
import { JwksCache } from '../clients/authentication/jwks-cache.ts'
import { clientWithSecret } from '../clients/client.store.ts'
import type { PrivateSchemes } from '../clients/redirect-uri.ts'
import { DocumentClients, type DocumentHosts } from '../clients/registration/document-clients.ts'
import {
  REGISTER_PATH,
  registerRoutes,
  registrationOffRoute,
} from '../clients/registration/register.routes.ts'
import { isReliedOn } from '../clients/registration/unregistered-client.store.ts'
import type { Db } from '../db/schema.ts'
import type { FastPaths } from '../http/fast-paths.ts'
import { openFormEndpoints } from '../http/form-endpoint.ts'
import type { Logger } from '../http/log.ts'
import { FetchBounds } from '../outbound/bounded-fetch.ts'
import { type FetchDocument, openGuardedFetch } from '../outbound/guarded-fetch.ts'
import type { ConfiguredPolicy } from '../owners/policy.ts'
import type { Pages } from '../pages/pages.ts'
import { recordSecretUse } from '../secrets/secret.store.ts'
import type { SignIn } from '../sign-in/sign-in.ts'
import { authorizeRoutes } from './authorize/authorize.routes.ts'
import { openConnectedApps } from './connected-apps/connected-apps.ts'
import { metadataRoutes } from './metadata.routes.ts'
import { BruteForceLimits } from './tokens/brute-force-limits.ts'
import { openIntrospectEndpoint } from './tokens/introspect-endpoint.ts'
import { RefusedRequests } from './tokens/refusal-log.ts'
import { openRevokeEndpoint } from './tokens/revoke-endpoint.ts'
import { openTokenEndpoint } from './tokens/token-endpoint.ts'
import type { TokenLifetimes } from './tokens/token-lifetimes.ts'

/** Settings of OAuth. */
export interface OAuthSettings {
  readonly lifetimes: TokenLifetimes
  /** Lifetime of a grant; null: until it is revoked. */
  readonly grantSeconds: number | null
  /** Hosts whose client id metadata documents are accepted. */
  readonly documentHosts: DocumentHosts
  /** Dynamic client registration (RFC 7591). */
  readonly registration: boolean
  /** Registrations that one network may make in an hour. Default: 20. */
  readonly registrationsPerHour?: number
  /** Private-use schemes without a dot that redirect URIs may have. Default: none. */
  readonly privateSchemes?: PrivateSchemes
}

export interface OAuthParts {
  readonly db: Db
  readonly clock: Clock
  readonly log: Logger
  readonly fastPaths: FastPaths
  readonly pages: Pages
  readonly signIn: SignIn
  /** Reads a credential's record by hash from the database. */
  readonly findRecord: (hash: string) => Promise<CredentialRecord | null>
  readonly knownAdminKeys: KnownAdminKeys
  readonly publicUrl: string
  readonly brand: string | null
  readonly trustedProxies: IpRanges | null
  readonly serverSecret: Secret
  readonly settings: OAuthSettings
  /** Environment of clients without pre-registration. */
  readonly environment: string
  /** Bounds the lifetime of their secrets. */
  readonly policy: ConfiguredPolicy
  /** Default: the public Internet, by https. */
  readonly fetchDocument?: FetchDocument | undefined
  /** Publishes changes of clients. */
  readonly feed: ChangesFeed
  readonly onChanged: () => Promise<void>
}

/** Routes of the authorization server. @returns the counts to flush from a timer */
export async function oauthRoutes(app: FastifyInstance, parts: OAuthParts): Promise<RefusedRequests> {
  const {
    db,
    clock,
    log,
    fastPaths,
    pages,
    signIn,
    publicUrl: issuer,
    brand,
    trustedProxies,
    settings,
    feed,
    onChanged,
  } = parts
  const { environment, fetchDocument = openGuardedFetch() } = parts
  const refused = new RefusedRequests(db, log)
  const outbound = new FetchBounds(fetchDocument, clock)
  const keys = new JwksCache(outbound.fetch, clock)
  const bruteForce = new BruteForceLimits(clock)
  const known = new ClientCache((id, hash) => clientWithSecret(db, id, hash), clock)
  feed.follow(known)
  const { grantSeconds, documentHosts: hosts, registration, registrationsPerHour, privateSchemes } = settings
  const fetching = { fetch: outbound.fetch, hosts, environment, privateSchemes, onChanged }
  const documents = new DocumentClients({ db, clock, log, ...fetching })
  const clients: ClientKnowledge = {
    issuer,
    find: async (clientId, secretHash, ip) => {
      const found = await known.find(clientId, secretHash)
      const client = found === null ? undefined : await documents.current(found.client, ip)
      return found === null || client === undefined ? null : { ...found, client }
    },
    spend: (clientId, assertion) => spendAssertion(db, clientId, assertion),
    mayAttempt: (clientId, ip, hash) => bruteForce.mayAttempt(clientId, ip, hash),
    recordProof: (clientId, ip, hash) => bruteForce.recordProof(clientId, ip, hash),
    recordUse: async (secretId, use) => {
      await recordSecretUse(db, secretId, use)
      known.forgetAll()
    },
    fetchKeys: (client, kid, ip) =>
      keys.at(client.jwksUri, kid, async () => ({ ip, isRelied: await isReliedOn(db, client) })),
  }
  const endpoints = await openFormEndpoints(app, { trustedProxies, clock, log, fastPaths })
  const refreshKey = deriveKey(parts.serverSecret, 'refresh')
  const issuing = { db, brand, lifetimes: settings.lifetimes, refreshKey, clients, onChanged }
  openTokenEndpoint(endpoints, { issuer: issuing, bruteForce, refused })
  openRevokeEndpoint(endpoints, { db, clients, bruteForce, refused, onChanged })
  const { findRecord, knownAdminKeys } = parts
  openIntrospectEndpoint(endpoints, { db, issuer, clients, knownAdminKeys, findRecord, bruteForce, refused })
  const findClient = (id: string, ip: string | null) => documents.find(id, ip)
  authorizeRoutes({ db, pages, signIn, issuer, brand, grantSeconds, findClient, onChanged })
  openConnectedApps({ db, pages, signIn, onChanged })
  if (registration) {
    const { policy } = parts
    const registering = { environment, brand, policy, registrationsPerHour, privateSchemes }
    await registerRoutes(app, { db, clock, log, trustedProxies, ...registering })
  } else registrationOffRoute(app)
  metadataRoutes(app, db, issuer, {
    ...(registration ? { registration_endpoint: issuer + REGISTER_PATH } : {}),
    ...(hosts === 'none' ? {} : { client_id_metadata_document_supported: true }),
  })
  return refused
}
