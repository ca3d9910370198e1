import { endedBy, hashCredential } from '@doorward/sdk/kernel'
import { addSeconds } from '../../base/clock.ts'
import { no, type Result, yes } from '../../base/result.ts'
import { USE_STORED_EVERY_SECONDS } from '../../secrets/secret.ts'
import {
  type AuthMethod,
  type Client,
  type FoundClient,
  type JsonWebKeySet,
  type KnownSecret,
  mayProveBy,
  type ProvenAssertion,
  usesSecret,
  whyEnded,
} from '../client.ts'
import { claimedClient, claimedKey, proveAssertion } from './client-assertion.ts'
import { type ClientRefusal, type ClientRefusalReason, refuseClient } from './client-refusal.ts'
import { type ClientRequest, type PresentedClient, readClient } from './presented-client.ts'

/** Lookups that client authentication depends on, handed in: by the database, a cache or a test. */
export interface ClientKnowledge {
  /** Our issuer identifier: the audience of an assertion. */
  readonly issuer: string
  /** Called exactly once for each request, whoever it claims to be from. */
  readonly find: (
    clientId: string,
    secretHash: string | null,
    ip: string | null,
  ) => Promise<FoundClient | null>
  /** Spends the `jti` of an assertion. @returns false where it was spent before (replay) */
  readonly spend: (clientId: string, assertion: ProvenAssertion) => Promise<boolean>
  /** True where a secret may be tried for a client from this address (brute force): see `brute-force-limits.ts`. */
  readonly mayAttempt: (clientId: string, ip: string | null, secretHash: string) => boolean
  /** Remembers a secret that was the right one. */
  readonly recordProof: (clientId: string, ip: string | null, secretHash: string) => void
  /** Stores the last use of a secret. Called at most once a minute for each. */
  readonly recordUse: (secretId: string, use: ClientArrival) => Promise<void>
  /**
   * Fetches the key set at a client's `jwks_uri`, guarded against SSRF; null where it cannot be had.
   *
   * @param kid of the key that the assertion names
   */
  readonly fetchKeys: (
    client: Client & { readonly jwksUri: string },
    kid: string | undefined,
    ip: string | null,
  ) => Promise<JsonWebKeySet | null>
}

/** Time and source of a request. */
export interface ClientArrival {
  readonly now: Date
  readonly ip: string | null
  readonly userAgent: string | null
}

export interface AuthenticatedClient {
  readonly client: Client
  /** The secret that was presented; null: another method. */
  readonly secretId: string | null
}

/**
 * Authenticates the client at the token, revocation and introspection endpoints: read, find, active, registered
 * method, proof. Whether the client exists or not, one secret is hashed and one lookup made, so timing tells nothing.
 * An assertion's `jti` is spent last, so that a refused request spends nothing. May fetch keys over the network, so
 * never call it in a transaction.
 */
export async function authenticateClient(
  knowledge: ClientKnowledge,
  request: ClientRequest,
  arrival: ClientArrival,
): Promise<Result<AuthenticatedClient, ClientRefusal>> {
  const read = readClient(request)
  if (!read.ok) return read
  const presented = read.value
  const clientId = presented.clientId ?? claimedClient(proofOf(presented))
  const refused = (reason: ClientRefusalReason, advice?: string) =>
    no(refuseClient(reason, { clientId, usedBasic: presented.method === 'client_secret_basic', advice }))

  if (clientId === null) return refused('assertion_malformed')
  const hash = 'secret' in presented ? hashCredential(presented.secret.reveal()) : null
  // Brute force: beyond the limit a secret is refused unread, even the right one.
  if (hash !== null && !knowledge.mayAttempt(clientId, arrival.ip, hash)) return refused('too_many_failures')
  const found = await knowledge.find(clientId, hash, arrival.ip)
  if (found === null) return refused('unknown_client')
  const ended = whyEnded(found.client)
  if (ended !== null) return refused(ended)
  if (!mayProveBy(found.client, presented.method))
    return refused(
      'method_not_registered',
      aboutMethod(found.client.tokenEndpointAuthMethod, presented.method),
    )

  if (presented.method === 'private_key_jwt') {
    const why = await whyNotProven(knowledge, found.client, presented.assertion, arrival)
    return why === null ? yes({ client: found.client, secretId: null }) : refused(why)
  }
  if (!usesSecret(presented.method)) return yes({ client: found.client, secretId: null })
  const why = whyNotSecret(found.secret, arrival.now)
  if (found.secret === null || why !== null) return refused(why ?? 'secret_wrong')
  if (hash !== null) knowledge.recordProof(clientId, arrival.ip, hash)
  if (isDue(found.secret, arrival.now)) await knowledge.recordUse(found.secret.id, arrival)
  return yes({ client: found.client, secretId: found.secret.id })
}

async function whyNotProven(
  { issuer, fetchKeys, spend }: ClientKnowledge,
  client: Client,
  assertion: string,
  { now, ip }: ClientArrival,
): Promise<ClientRefusalReason | null> {
  const { jwksUri } = client
  const keys =
    client.jwks ??
    (jwksUri === null ? null : await fetchKeys({ ...client, jwksUri }, claimedKey(assertion), ip))
  if (keys === null) return 'assertion_keys_unavailable'
  const proven = await proveAssertion(assertion, { clientId: client.id, keys, issuer, now })
  if (!proven.ok) return proven.no
  return (await spend(client.id, proven.value)) ? null : 'assertion_replayed'
}

function whyNotSecret(secret: KnownSecret | null, now: Date): ClientRefusalReason | null {
  if (secret === null) return 'secret_wrong'
  const ended = endedBy({ ...secret, ownerSuspendedAt: null, disabledAt: null }, now.getTime())
  return ended === null ? null : (SECRET_ENDS.get(ended.reason) ?? 'secret_revoked')
}

/** Advice for the developer of a known client. Tells nothing about the secret that was sent. */
function aboutMethod(registered: AuthMethod, presented: AuthMethod): string {
  return `This client is registered for ${registered}; ${SENT.get(presented)}.`
}

const SENT: ReadonlyMap<AuthMethod, string> = new Map([
  ['client_secret_basic', 'the secret was sent in the Authorization header'],
  ['client_secret_post', 'the secret was sent in the body'],
  ['private_key_jwt', 'an assertion was sent'],
  ['none', 'no authentication was sent'],
])

const SECRET_ENDS = new Map<string, ClientRefusalReason>([
  ['revoked', 'secret_revoked'],
  ['rotated', 'secret_rotated'],
  ['expired', 'secret_expired'],
])

function isDue({ lastUsedAt }: KnownSecret, now: Date): boolean {
  return lastUsedAt === null || lastUsedAt <= addSeconds(now, -USE_STORED_EVERY_SECONDS)
}

function proofOf(presented: PresentedClient): string {
  return 'assertion' in presented ? presented.assertion : ''
}
