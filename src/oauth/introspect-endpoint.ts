import {
  type CredentialRecord,
  hashCredential,
  judge,
  type Principal,
  parseCredential,
} from '@doorward/sdk/kernel'
import type { KnownAdminKeys } from '../admin/known-admin-keys.ts'
import { authenticateClient, type ClientKnowledge } from '../clients/authenticate-client.ts'
import { readClient } from '../clients/presented-client.ts'
import type { Db } from '../db/schema.ts'
import type { FormCall, FormEndpoints, JsonAnswer } from '../http/form-endpoint.ts'
import type { GuessLimits } from './guess-limits.ts'
import { findIssuedAt } from './issued-at.store.ts'
import { answerRefusal, whyNotCall } from './oauth-answer.ts'
import { refuse } from './oauth-refusal.ts'
import type { RefusedRequests } from './refused-requests.ts'
import { claimedIn, tooManyGuesses } from './token-endpoint.ts'
import { readParameters } from './token-request.ts'

export interface IntrospectEndpointParts {
  readonly db: Db
  readonly issuer: string
  readonly clients: ClientKnowledge
  readonly knownAdminKeys: KnownAdminKeys
  /** What is known of a credential, by its hash, from the database itself; null where it is unknown. */
  readonly findRecord: (hash: string) => Promise<CredentialRecord | null>
  readonly guesses: GuessLimits
  readonly refused: RefusedRequests
}

export const INTROSPECT_PATH = '/oauth/introspect'

/** What a key is said to expire at where it never does: for so long, in seconds, may the answer be believed. */
const NEVER_EXPIRING_SECONDS = 60
const INACTIVE: JsonAnswer = { status: 200, body: { active: false } }

/**
 * RFC 7662, for keys and access tokens alike, by the same judge as everywhere. A confidential client may ask about its
 * own tokens; an admin key with `verify` about everything. Whatever else is asked about is not active.
 *
 * Who asks this keeps the answer, so it is the database's: it knows of a revocation at another server at once, where
 * `/v1/verify` hears of it some milliseconds later.
 */
export function openIntrospectEndpoint(endpoints: FormEndpoints, parts: IntrospectEndpointParts): void {
  endpoints.post(INTROSPECT_PATH, (call) => answerIntrospectCall(parts, call))
}

async function answerIntrospectCall(parts: IntrospectEndpointParts, call: FormCall): Promise<JsonAnswer> {
  const unfit = whyNotCall(call)
  if (unfit !== null) return answerRefusal(unfit)
  const read = readParameters(call.form)
  if (read === null) return answerRefusal(refuse('repeated_parameter', 'A parameter is repeated.'))
  const asker = await whoAsks(parts, call)
  if ('status' in asker) return asker
  const token = read.get('token')
  if (token === undefined) return answerRefusal(refuse('no_token', 'token is missing.'))

  const kind = parseCredential(token)?.kind
  if (kind !== 'access_token' && kind !== 'api_key') return INACTIVE
  const hash = hashCredential(token)
  const [record, issuedAt] = await Promise.all([parts.findRecord(hash), findIssuedAt(parts.db, hash)])
  if (record === null || issuedAt === null) return INACTIVE
  // An allow-list is about who calls, which nobody can say of a call that is not being made.
  const verdict = judge(record, { scopes: [], environment: null, clientIp: null }, call.now.getTime())
  if (!verdict.valid) return INACTIVE
  if (asker.clientId !== null && verdict.principal.clientId !== asker.clientId) return INACTIVE
  return {
    status: 200,
    body: toWire(parts.issuer, verdict.principal, { audiences: record.audiences, issuedAt }, call.now),
  }
}

/** The client whose tokens may be asked about, or null for all of them. */
async function whoAsks(
  { clients, knownAdminKeys, guesses, refused }: IntrospectEndpointParts,
  call: FormCall,
): Promise<{ readonly clientId: string | null } | JsonAnswer> {
  const { authorization, form, userAgent, ip, now } = call
  const adminKey = adminKeyIn(call)
  if (adminKey !== null) {
    await knownAdminKeys.find(adminKey)
    const isEntitled = knownAdminKeys.live(adminKey)?.permissions.includes('verify') === true
    return isEntitled ? { clientId: null } : NOT_ENTITLED
  }
  const claimed = claimedIn(call)
  const waits = await guesses.wait(ip, claimed)
  if (waits !== null) return tooManyGuesses(waits)
  const known = await authenticateClient(clients, { authorization, form }, { now, ip, userAgent })
  if (known.ok && known.value.client.type === 'confidential') return { clientId: known.value.client.id }
  if (!known.ok && known.no.error === 'invalid_client') await guesses.failed(ip, claimed)
  refused.note(
    'introspect',
    known.ok ? 'public_client' : known.no.reason,
    known.ok ? known.value.client.id : null,
    call,
  )
  return known.ok ? NOT_ENTITLED : answerRefusal(known.no)
}

/** As a bearer; or where a client's secret would be, because API gateways know no other way to ask (RFC 7662 §2.1). */
function adminKeyIn({ authorization, form }: FormCall): string | null {
  const [, bearer] = /^bearer +(\S+) *$/i.exec(authorization[0] ?? '') ?? []
  if (bearer !== undefined) return bearer
  const read = readClient({ authorization, form })
  const secret = read.ok && 'secret' in read.value ? read.value.secret.reveal() : ''
  return parseCredential(secret)?.kind === 'admin_key' ? secret : null
}

const NOT_ENTITLED: JsonAnswer = {
  status: 401,
  headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  body: {
    error: 'invalid_client',
    error_description: 'Present an admin key with the permission verify, or a confidential client.',
  },
}

/** RFC 7662 §2.2, and of ours what else a principal has. */
function toWire(
  issuer: string,
  principal: Principal,
  about: { readonly audiences: readonly string[] | null; readonly issuedAt: Date },
  now: Date,
) {
  const never = new Date(now.getTime() + NEVER_EXPIRING_SECONDS * 1000)
  return {
    active: true,
    iss: issuer,
    sub: principal.userId ?? principal.clientId ?? principal.ownerId,
    ...(about.audiences === null ? {} : { aud: about.audiences }),
    scope: [...principal.scopes].sort().join(' '),
    ...(principal.clientId === null ? {} : { client_id: principal.clientId }),
    exp: seconds(principal.expiresAt ?? never),
    iat: seconds(about.issuedAt),
    token_type: 'Bearer',
    kind: principal.kind,
    credential_id: principal.credentialId,
    ...(principal.keyId === null ? {} : { key_id: principal.keyId }),
    ...(principal.userId === null ? {} : { user_id: principal.userId }),
    owner_id: principal.ownerId,
    environment: principal.environment,
  }
}

function seconds(at: Date): number {
  return Math.floor(at.getTime() / 1000)
}
