import { endedBy, hashCredential } from '@doorward/sdk/kernel'
import { no, type Result, yes } from '../../base/result.ts'
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

/** What authentication needs to know, handed in: the database's answers, or a cache's. */
export interface ClientKnowledge {
  /** Our issuer identifier: what an assertion must be addressed to. */
  readonly issuer: string
  /** Asked exactly once for each request, whoever it claims to be from. */
  readonly find: (
    clientId: string,
    secretHash: string | null,
    ip: string | null,
  ) => Promise<FoundClient | null>
  /** Whether the id of this client's assertion was never seen before; from then on it was. */
  readonly spend: (clientId: string, assertion: ProvenAssertion) => Promise<boolean>
  /** Whether a secret may be tried for a client from this address; see `brute-force-limits.ts`. */
  readonly mayAttempt: (clientId: string, ip: string | null, secretHash: string) => boolean
  /** Notes that a secret was the right one. */
  readonly recordProof: (clientId: string, ip: string | null, secretHash: string) => void
  /** Keeps who came with a secret last. Called at most once in a minute for each. */
  readonly noteUse: (secretId: string, use: ClientArrival) => Promise<void>
  /**
   * The key set at a client's `jwks_uri`, through the guard of all outbound requests; null where it cannot be had.
   *
   * @param kid the key that is looked for, as the assertion names it
   */
  readonly fetchKeys: (
    client: Client & { readonly jwksUri: string },
    kid: string | undefined,
    ip: string | null,
  ) => Promise<JsonWebKeySet | null>
}

/** When and from where a request came. */
export interface ClientArrival {
  readonly now: Date
  readonly ip: string | null
  readonly userAgent: string | null
}

export interface AuthenticatedClient {
  readonly client: Client
  /** The secret that proved it, or null where something else did. */
  readonly secretId: string | null
}

/**
 * Who calls the token, revocation or introspection endpoint: read → known → alive → by the registered method → proven.
 * Whether the client exists or not, one secret is hashed and one question asked. An assertion's id is spent last, when
 * all else holds, so that a refused request burns nothing. May fetch keys, so it does not belong into a transaction.
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
  // A guess beyond the limit is refused unseen, so that the right one is not let in either.
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
  if (isWorthNoting(found.secret, arrival.now)) await knowledge.noteUse(found.secret.id, arrival)
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

/** For the developer of a client that is known; says nothing of whether what was sent was right. */
function aboutMethod(registered: AuthMethod, presented: AuthMethod): string {
  return `This client is registered for ${registered}; ${CAME.get(presented)}.`
}

const CAME: ReadonlyMap<AuthMethod, string> = new Map([
  ['client_secret_basic', 'the secret came in the Authorization header'],
  ['client_secret_post', 'the secret came in the body'],
  ['private_key_jwt', 'an assertion came'],
  ['none', 'nothing came that proves it'],
])

const SECRET_ENDS = new Map<string, ClientRefusalReason>([
  ['revoked', 'secret_revoked'],
  ['rotated', 'secret_rotated'],
  ['expired', 'secret_expired'],
])

const NOTED_EVERY_MS = 60_000

function isWorthNoting({ lastUsedAt }: KnownSecret, now: Date): boolean {
  return lastUsedAt === null || now.getTime() - lastUsedAt.getTime() >= NOTED_EVERY_MS
}

function proofOf(presented: PresentedClient): string {
  return 'assertion' in presented ? presented.assertion : ''
}
