import { hashCredential, mintCredential, type Secret } from '@doorward/sdk/kernel'
import type { Origin } from '../../audit/audit-event.ts'
import { addSeconds } from '../../base/clock.ts'
import { newId } from '../../base/id.ts'
import { no, type Result, yes } from '../../base/result.ts'
import { record } from '../../changes/record.ts'
import { holdClient } from '../../clients/client.store.ts'
import { type Client, whyNotAuthorize } from '../../clients/client.ts'
import { matchesRedirectUri } from '../../clients/redirect-uri.ts'
import { recordFirstGrant } from '../../clients/registration/record-first-grant.ts'
import type { Tx } from '../../db/schema.ts'
import { holdOwner, touchOwner } from '../../owners/owner.store.ts'
import { ownersThatBlock } from '../blocked-clients/blocked-client.store.ts'
import { insertGrant, lockUnrevokedGrant, updateGrant } from '../grants/grant.store.ts'
import { type Grant, stateOf } from '../grants/grant.ts'
import { insertCode } from './authorization-code.store.ts'
import { CODE_SECONDS } from './authorization-code.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import type { Consent } from './consent.ts'
import { implyingScope } from './implied-scopes.ts'

/** Why no code was issued: what the consent relies on was changed meanwhile. */
export type WhyNoCode = 'not_open_to_user' | 'blocked'

interface Consented {
  readonly request: AuthorizationRequest
  readonly consent: Consent
}

/**
 * Stores the user's consent as a grant, and issues the code that the client redeems (RFC 6749 §4.1.2). There is one
 * unrevoked grant for each user, client and owner. It grows by new scopes, and loses those that were shown and left out.
 *
 * @returns the reason where meanwhile the client was blocked for the owner, the client or the owner was suspended, or
 * the redirect URI or the prior consent was removed
 */
export async function issueCode(
  tx: Tx,
  origin: Origin,
  {
    request,
    consent,
    brand,
    grantSeconds,
  }: Consented & {
    readonly brand: string | null
    /** Lifetime of the grant; null: until it is revoked. */
    readonly grantSeconds: number | null
  },
): Promise<Result<Secret, WhyNoCode>> {
  const { now } = origin
  // A transaction that suspends or removes any of these waits, and then sees this grant. The owner is locked before the
  // client, as everywhere; an owner that is not there yet is made below.
  await holdOwner(tx, consent.ownerId)
  const client = await holdClient(tx, request.clientId)
  if (client === undefined || whyNotAuthorize(client, consent.userId) !== null) return no('not_open_to_user')
  if (!matchesRedirectUri(request.redirectUri, client.redirectUris)) return no('not_open_to_user')
  if ((await touchOwner(tx, consent.ownerId, now)).suspendedAt !== null) return no('not_open_to_user')
  if ((await ownersThatBlock(tx, client.id, [consent.ownerId])).size > 0) return no('blocked')
  const expiresAt = grantSeconds === null ? null : addSeconds(now, grantSeconds)
  const grant = await saveGrant(tx, origin, { client, request, consent, expiresAt })
  if (grant === null) return no('not_open_to_user')
  const code = mintCredential('authorization_code', { environment: client.environment, brand })
  await insertCode(tx, hashCredential(code.reveal()), {
    grantId: grant.id,
    clientId: client.id,
    redirectUri: request.redirectUri,
    codeChallenge: request.codeChallenge,
    scopes: consent.scopes,
    resources: request.resources,
    createdAt: now,
    expiresAt: addSeconds(now, CODE_SECONDS),
  })
  return yes(code)
}

/** @returns null where a consent that was given before does not cover what the code would be for */
async function saveGrant(
  tx: Tx,
  origin: Origin,
  {
    client,
    request,
    consent,
    expiresAt,
  }: Consented & { readonly client: Client; readonly expiresAt: Date | null },
): Promise<Pick<Grant, 'id'> | null> {
  const { now } = origin
  const { userId, ownerId, scopes, implied, shown } = consent
  const unrevoked = await lockUnrevokedGrant(tx, { userId, clientId: client.id, ownerId })
  const isExpired = unrevoked !== undefined && stateOf(unrevoked, now) === 'expired'
  if (isExpired)
    await updateGrant(tx, unrevoked, { revoked_at: now, revoked_by: 'system', revoked_reason: 'expired' })
  const active = isExpired ? undefined : unrevoked
  if (consent.asked !== 'now') {
    // Without asking the user a grant is never changed, and never widened.
    if (active !== undefined) return scopes.every((scope) => active.scopes.includes(scope)) ? active : null
    if (!client.firstParty || consent.asked === 'repeated') return null
  }
  if (active !== undefined) {
    const shownNames = new Set(shown.scopes.map(({ name }) => name))
    const kept = active.scopes.filter((scope) => !shownNames.has(scope))
    const all = [...new Set([...kept, ...scopes])].sort()
    const taken = active.scopes.filter((scope) => !all.includes(scope))
    const added = all.filter((scope) => !active.scopes.includes(scope))
    const keptImplied = active.implied.filter((each) => !shownNames.has(implyingScope(each)))
    const changed = { scopes: all, brought: [...keptImplied, ...implied], shown }
    await updateGrant(tx, active, { ...changed, consented_at: now, expires_at: expiresAt })
    await record(tx, origin, {
      action: 'grant.changed',
      target: { id: active.id, ownerId },
      detail: { added, taken, user_id: userId, client_id: client.id },
      altersVerdictsOf: { grantIds: [active.id] },
    })
    return active
  }
  const grant = {
    id: newId('grt'),
    userId,
    clientId: client.id,
    ownerId,
    scopes: scopes.toSorted(),
    implied,
    shown,
    createdAt: now,
    expiresAt,
  }
  await insertGrant(tx, grant)
  await recordFirstGrant(tx, origin, client, grant.id)
  const detail = {
    scopes: grant.scopes,
    user_id: userId,
    client_id: client.id,
    redirect_uri: request.redirectUri,
  }
  await record(tx, origin, { action: 'grant.created', target: grant, detail })
  return grant
}
