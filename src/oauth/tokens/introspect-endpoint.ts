import {
  type CredentialRecord,
  hashCredential,
  judge,
  type Principal,
  parseCredential,
} from '@doorward/sdk/kernel'
import type { KnownAdminKeys } from '../../admin-keys/known-admin-keys.ts'
import { addSeconds, earlier } from '../../base/clock.ts'
import { authenticateClient, type ClientKnowledge } from '../../clients/authentication/authenticate-client.ts'
import { readClient } from '../../clients/authentication/presented-client.ts'
import type { Db } from '../../db/schema.ts'
import type { FormCall, FormEndpoints, JsonAnswer } from '../../http/form-endpoint.ts'
import { findIssuedAt } from './issued-at.store.ts'
import { readParameters, whyNotWellFormed } from './read-parameters.ts'
import { NO_TOKEN, REPEATED } from './refusal-reasons.ts'
import { type RefusalParts, refuseRequest } from './refuse-request.ts'

export interface IntrospectEndpointParts extends RefusalParts {
  readonly db: Db
  readonly issuer: string
  readonly clients: ClientKnowledge
  readonly knownAdminKeys: KnownAdminKeys
  /** Reads a credential's record by hash from the database; null where it is unknown. */
  readonly findRecord: (hash: string) => Promise<CredentialRecord | null>
}

export const INTROSPECT_PATH = '/oauth/introspect'

/** `exp` of a key that never expires, in seconds from now: how long the response may be cached. */
const NEVER_EXPIRING_SECONDS = 60
const INACTIVE: JsonAnswer = { status: 200, body: { active: false } }

/**
 * RFC 7662, for keys and access tokens alike, by the same judge as everywhere. A confidential client may ask about
 * its own tokens; an admin key with `verify` about everything. All else is answered as not active.
 *
 * The caller may cache the response, so it is read from the database: it knows of a revocation at another server at
 * once, while `/v1/verify` learns of it some milliseconds later.
 */
export function openIntrospectEndpoint(endpoints: FormEndpoints, parts: IntrospectEndpointParts): void {
  endpoints.post(INTROSPECT_PATH, (call) => answerIntrospectCall(parts, call))
}

async function answerIntrospectCall(parts: IntrospectEndpointParts, call: FormCall): Promise<JsonAnswer> {
  const unfit = whyNotWellFormed(call)
  if (unfit !== null) return refuseRequest(parts, 'introspect', call, unfit)
  const read = readParameters(call.form)
  if (read === null) return refuseRequest(parts, 'introspect', call, REPEATED)
  const caller = await authorizeCaller(parts, call)
  if ('status' in caller) return caller
  const token = read.get('token')
  if (token === undefined) return refuseRequest(parts, 'introspect', call, NO_TOKEN, caller.clientId)

  const kind = parseCredential(token)?.kind
  if (kind !== 'access_token' && kind !== 'api_key') return INACTIVE
  const hash = hashCredential(token)
  const [record, issuedAt] = await Promise.all([parts.findRecord(hash), findIssuedAt(parts.db, hash)])
  if (record === null || issuedAt === null) return INACTIVE
  // An IP allow-list is about the caller, and introspection knows none.
  const verdict = judge(record, { scopes: [], environment: null, clientIp: null }, call.now.getTime())
  if (!verdict.valid) return INACTIVE
  if (caller.clientId !== null && verdict.principal.clientId !== caller.clientId) return INACTIVE
  return {
    status: 200,
    body: toWire(parts.issuer, verdict.principal, record, issuedAt, call.now),
  }
}

/** The client whose tokens the caller may introspect; null: all. */
async function authorizeCaller(
  parts: IntrospectEndpointParts,
  call: FormCall,
): Promise<{ readonly clientId: string | null } | JsonAnswer> {
  const { clients, knownAdminKeys, refused } = parts
  const { authorization, form, userAgent, ip, now } = call
  const adminKey = adminKeyIn(call)
  if (adminKey !== null) {
    await knownAdminKeys.find(adminKey)
    const key = knownAdminKeys.live(adminKey)
    if (key?.permissions.includes('verify') === true) {
      knownAdminKeys.uses.noteFrom(key, 'verify', { ip, userAgent })
      return { clientId: null }
    }
    refused.record('introspect', 'admin_key_not_entitled', null, call)
    return NOT_ENTITLED
  }
  const known = await authenticateClient(clients, { authorization, form }, { now, ip, userAgent })
  if (!known.ok) return refuseRequest(parts, 'introspect', call, known.no)
  const { id, type } = known.value.client
  if (type === 'confidential') return { clientId: id }
  refused.record('introspect', 'public_client', id, call)
  return NOT_ENTITLED
}

/**
 * The admin key as bearer, or in the place of a client secret, because API gateways know no other way (RFC 7662
 * §2.1).
 */
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
    error_description: 'Use an admin key with the permission verify, or a confidential client.',
  },
}

/** RFC 7662 §2.2, and the rest of our principal. */
function toWire(issuer: string, principal: Principal, record: CredentialRecord, issuedAt: Date, now: Date) {
  const never = addSeconds(now, NEVER_EXPIRING_SECONDS)
  return {
    active: true,
    iss: issuer,
    sub: principal.userId ?? principal.clientId ?? principal.ownerId,
    ...(record.audiences === null ? {} : { aud: record.audiences }),
    scope: [...principal.scopes].sort().join(' '),
    ...(principal.clientId === null ? {} : { client_id: principal.clientId }),
    // The caller caches the response until then: the old secret of a rotation ends with its overlap.
    exp: seconds(earlier(record.expiresAt, record.retiresAt) ?? never),
    iat: seconds(issuedAt),
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
