import { hashCredential, mintCredential, type Secret } from '@doorward/sdk/kernel'
import type { Origin } from '../../audit/audit-event.ts'
import { addSeconds } from '../../base/clock.ts'
import { newId } from '../../base/id.ts'
import { no, type Result, yes as success } from '../../base/result.ts'
import { record } from '../../changes/record.ts'
import { holdClient } from '../../clients/client.store.ts'
import { type Client, whyNotAuthorize } from '../../clients/client.ts'
import { matchesRedirectUri } from '../../clients/redirect-uri.ts'
import type { ShownJson } from '../../db/oauth-tables.ts'
import type { Tx } from '../../db/schema.ts'
import { holdOwner, touchOwner } from '../../owners/owner.store.ts'
import { ownersThatBlock } from '../blocked-clients/blocked-client.store.ts'
import { insertGrant, lockUnrevokedGrant, updateGrant } from '../grants/grant.store.ts'
import { type Grant, stateOf } from '../grants/grant.ts'
import { insertCode } from './authorization-code.store.ts'
import { CODE_SECONDS } from './authorization-code.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { implyingScope } from './implied-scopes.ts'

/** What a user said yes to. */
export interface Yes {
  readonly userId: string
  readonly ownerId: string
  /**
   * Whether the user was asked now. Else it was said before, and nothing of the grant becomes another by it: in general,
   * or a moment ago to this very request.
   */
  readonly asked: 'now' | 'before' | 'a_moment_ago'
  /** Of what was asked for. */
  readonly scopes: readonly string[]
  /** What those that were shown bring along, as the page said. */
  readonly brought: readonly string[]
  readonly shown: ShownJson
}

/** Why a yes came to nothing: what it is about was taken away meanwhile. */
export type WhyNotKept = 'not_to_be_allowed' | 'blocked'

/**
 * Keeps a yes, and makes the code that the app redeems. One grant stands for each user, client and owner: it grows by
 * what is new, and loses what was shown and left out.
 *
 * @returns why not: the client was blocked for the owner meanwhile; it or the owner was suspended, the redirect URI or
 * what was said before taken away
 */
export async function consent(
  tx: Tx,
  origin: Origin,
  {
    request,
    brand,
    grantSeconds,
    yes,
  }: {
    readonly request: AuthorizationRequest
    readonly brand: string | null
    /** How long a grant stands; null: until somebody ends it. */
    readonly grantSeconds: number | null
    readonly yes: Yes
  },
): Promise<Result<Secret, WhyNotKept>> {
  const { now } = origin
  // Whoever suspends or removes something meanwhile waits, and sees this grant. The owner before the client, as wherever
  // both are held; one that is not there yet is made below.
  await holdOwner(tx, yes.ownerId)
  const client = await holdClient(tx, request.clientId)
  if (client === undefined || whyNotAuthorize(client, yes.userId) !== null) return no('not_to_be_allowed')
  if (!matchesRedirectUri(request.redirectUri, client.redirectUris)) return no('not_to_be_allowed')
  if ((await touchOwner(tx, yes.ownerId, now)).suspendedAt !== null) return no('not_to_be_allowed')
  if ((await ownersThatBlock(tx, client.id, [yes.ownerId])).size > 0) return no('blocked')
  const expiresAt = grantSeconds === null ? null : addSeconds(now, grantSeconds)
  const grant = await keepGrant(tx, origin, { client, request, yes, expiresAt })
  if (grant === null) return no('not_to_be_allowed')
  const code = mintCredential('authorization_code', { environment: client.environment, brand })
  await insertCode(tx, hashCredential(code.reveal()), {
    grantId: grant.id,
    clientId: client.id,
    redirectUri: request.redirectUri,
    codeChallenge: request.codeChallenge,
    scopes: yes.scopes,
    resources: request.resources,
    createdAt: now,
    expiresAt: addSeconds(now, CODE_SECONDS),
  })
  return success(code)
}

async function keepGrant(
  tx: Tx,
  origin: Origin,
  {
    client,
    request,
    yes,
    expiresAt,
  }: {
    readonly client: Client
    readonly request: AuthorizationRequest
    readonly yes: Yes
    readonly expiresAt: Date | null
  },
): Promise<Pick<Grant, 'id'> | null> {
  const { now } = origin
  const { userId, ownerId, scopes, brought, shown } = yes
  const standing = await lockUnrevokedGrant(tx, { userId, clientId: client.id, ownerId })
  const isOver = standing !== undefined && stateOf(standing, now) === 'expired'
  if (isOver)
    await updateGrant(tx, standing, { revoked_at: now, revoked_by: 'system', revoked_reason: 'expired' })
  if (yes.asked !== 'now') {
    // What the user has said once is never made another, nor more, without asking them.
    if (standing !== undefined && !isOver)
      return scopes.every((scope) => standing.scopes.includes(scope)) ? standing : null
    if (!client.firstParty || yes.asked === 'a_moment_ago') return null
  }
  if (standing !== undefined && !isOver) {
    const shownNames = new Set(shown.scopes.map(({ name }) => name))
    const kept = standing.scopes.filter((scope) => !shownNames.has(scope))
    const all = [...new Set([...kept, ...scopes])].sort()
    const taken = standing.scopes.filter((scope) => !all.includes(scope))
    const added = all.filter((scope) => !standing.scopes.includes(scope))
    const before = standing.brought.filter((each) => !shownNames.has(implyingScope(each)))
    const said = { scopes: all, brought: [...before, ...brought], shown }
    await updateGrant(tx, standing, { ...said, consented_at: now, expires_at: expiresAt })
    await record(tx, origin, {
      action: 'grant.changed',
      target: { id: standing.id, ownerId },
      detail: { added, taken, user_id: userId, client_id: client.id },
      altersVerdictsOf: { grantIds: [standing.id] },
    })
    return standing
  }
  const grant = {
    id: newId('grt'),
    userId,
    clientId: client.id,
    ownerId,
    scopes: scopes.toSorted(),
    brought,
    shown,
    createdAt: now,
    expiresAt,
  }
  await insertGrant(tx, grant)
  const detail = {
    scopes: grant.scopes,
    user_id: userId,
    client_id: client.id,
    redirect_uri: request.redirectUri,
  }
  await record(tx, origin, { action: 'grant.created', target: grant, detail })
  return grant
}
