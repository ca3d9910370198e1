import { hashCredential } from '@doorward/sdk/kernel'
import type { Origin } from '../../audit/audit-event.ts'
import { record } from '../../changes/record.ts'
import { authenticateClient, type ClientKnowledge } from '../../clients/authentication/authenticate-client.ts'
import type { Client } from '../../clients/client.ts'
import type { Db } from '../../db/schema.ts'
import type { FormCall, FormEndpoints, JsonAnswer } from '../../http/form-endpoint.ts'
import { lockGrant } from '../grants/grant.store.ts'
import { revokeLockedGrant } from '../grants/revoke-grant.ts'
import { readParameters, whyNotWellFormed } from './read-parameters.ts'
import { NO_TOKEN, REPEATED } from './refusal-reasons.ts'
import { type RefusalParts, refuseRequest } from './refuse-request.ts'
import { revokeLockedFamily } from './revoke-family.ts'
import { originOfCall } from './token-endpoint.ts'
import { findToken, hasActiveFamily, lockFamily, revokeAccessToken } from './token-family.store.ts'

export interface RevokeEndpointParts extends RefusalParts {
  readonly db: Db
  readonly clients: ClientKnowledge
  /** Called once a change is committed, and awaited. */
  readonly onChanged: () => Promise<void>
}

export const REVOKE_PATH = '/oauth/revoke'

/**
 * RFC 7009: a client revokes a token of its own. A token of another client and an unknown one get the same response:
 * 200.
 */
export function openRevokeEndpoint(endpoints: FormEndpoints, parts: RevokeEndpointParts): void {
  endpoints.post(REVOKE_PATH, (call) => answerRevokeCall(parts, call))
}

async function answerRevokeCall(parts: RevokeEndpointParts, call: FormCall): Promise<JsonAnswer> {
  const { db, clients } = parts
  const unfit = whyNotWellFormed(call)
  if (unfit !== null) return refuseRequest(parts, 'revoke', call, unfit)
  const read = readParameters(call.form)
  if (read === null) return refuseRequest(parts, 'revoke', call, REPEATED)
  const { authorization, form, userAgent, ip, now } = call
  const known = await authenticateClient(clients, { authorization, form }, { now, ip, userAgent })
  if (!known.ok) return refuseRequest(parts, 'revoke', call, known.no)
  const { client } = known.value
  const token = read.get('token')
  if (token === undefined) return refuseRequest(parts, 'revoke', call, NO_TOKEN, client.id)
  await revokeToken(db, originOfCall(call), client, token)
  await parts.onChanged()
  return { status: 200, body: null }
}

/**
 * Revokes an access token alone, a refresh token with its whole family. Where no other family of the grant is active,
 * the client has given the grant back, and it is revoked too.
 */
async function revokeToken(db: Db, origin: Origin, client: Client, token: string): Promise<void> {
  const hash = hashCredential(token)
  const found = await findToken(db, client.id, hash)
  if (found === null) return
  await db.transaction().execute(async (tx) => {
    if (found.kind === 'access_token') {
      if (!(await revokeAccessToken(tx, hash, origin.now))) return
      const ended = { reason: 'revoked', at: origin.now } as const
      const detail = { reason: 'revoked_by_client', family_id: found.familyId }
      const altersVerdictsOf = { tokenHash: Buffer.from(hash, 'hex'), ended }
      await record(tx, origin, { action: 'token.revoked', target: client, detail, altersVerdictsOf })
      return
    }
    const family = found.familyId === null ? undefined : await lockFamily(tx, found.familyId)
    if (family === undefined) return
    await revokeLockedFamily(tx, origin, family, 'revoked_by_client')
    if (await hasActiveFamily(tx, family.grantId, origin.now)) return
    const grant = await lockGrant(tx, family.grantId)
    if (grant !== undefined)
      await revokeLockedGrant(tx, origin, grant, { by: client.id, reason: 'revoked_by_client' })
  })
}
