import type { Secret } from '@doorward/sdk/kernel'
import { originOfVisit } from '../../audit/visit-origin.ts'
import { hashToken } from '../../base/one-time-token.ts'
import { no } from '../../base/result.ts'
import { record } from '../../changes/record.ts'
import type { AnswerJson } from '../../db/oauth-tables.ts'
import type { Tx } from '../../db/schema.ts'
import { transact } from '../../db/transact.ts'
import type { Failure } from '../../pages/page.ts'
import type { Answer } from '../../pages/pages.ts'
import { browserHash, type Visit } from '../../pages/visit.ts'
import { type AuthorizeParts, loadFacts, type RequestFacts } from './authorization-facts.ts'
import { spendRequest } from './authorization-request.store.ts'
import { responseUrl } from './authorization-response.ts'
import type { Consent } from './consent.ts'
import { blockedFor, deadEndPage, NOT_OPEN_TO_USER } from './dead-end.page.ts'
import { issueCode } from './issue-code.ts'
import { nextStep, type OpenFacts } from './next-step.ts'
import type { GivenAnswer } from './repeated-answer.ts'

/**
 * Allows a request: spends it, stores the grant and issues the code, in one transaction.
 *
 * @returns where to send the browser; null where another answer was first, or the request has expired
 */
export async function allowRequest(
  parts: AuthorizeParts,
  visit: Visit,
  { token, request }: Pick<RequestFacts, 'token' | 'request'>,
  consent: Consent,
  given: GivenAnswer,
): Promise<Answer | null> {
  const { db, brand, issuer, signIn, grantSeconds, onChanged } = parts
  const { userId, ownerId, shown } = consent
  const allowed = await transact<Secret, Failure | 'not_open'>(db, async (tx) => {
    if (!(await signIn.holdEnabled(tx, userId))) return no(NOT_OPEN_TO_USER)
    if (token !== null && !(await spend(tx, visit, token, consent, given))) return no('not_open')
    const code = await issueCode(tx, originOfVisit(visit, userId), { request, brand, grantSeconds, consent })
    // User and owner are locked now: a request that takes the user's access away has committed, or will see this grant.
    const user = await signIn.currentUser(visit, tx)
    const mayAct = user?.userId === userId && user.owners.some(({ id }) => id === ownerId)
    if (!code.ok && code.no === 'blocked') return no(blockedFor([shown.owner_name]))
    if (!code.ok || !mayAct) return no(NOT_OPEN_TO_USER)
    return code
  })
  if (allowed.ok) {
    await onChanged()
    return { goTo: responseUrl(request, issuer, { code: allowed.value.reveal() }) }
  }
  return allowed.no === 'not_open' ? null : await notAllowed(parts, visit, allowed.no, token)
}

/** The transaction found newer facts, and nothing was spent: an open request leads back to the client. */
async function notAllowed(
  parts: AuthorizeParts,
  visit: Visit,
  failure: Failure,
  token: string | null,
): Promise<Answer> {
  const facts = token === null ? null : await loadFacts(parts, visit, token)
  const next = nextStep(facts, parts.grantSeconds, visit.now, true)
  const user = next.facts?.user ?? null
  return token === null || user === null
    ? { failure }
    : deadEndPage(parts.pages, visit, failure, { token, user })
}

/**
 * Spends the stored request. A repeated consent spends nothing and gets its own code: both codes work, because of two
 * responses nobody can say which one a browser follows.
 *
 * @returns false where the request was answered before, or has expired
 */
async function spend(
  tx: Tx,
  visit: Visit,
  token: string,
  consent: Consent,
  given: GivenAnswer,
): Promise<boolean> {
  if (consent.asked === 'repeated') return true
  return await spendRequest(tx, hashToken(token), browserHash(visit), answerOf(given, consent), visit.now)
}

function answerOf(given: GivenAnswer, { userId, ownerId, scopes, shown }: Consent): AnswerJson {
  return { ...given, yes: { user_id: userId, owner_id: ownerId, owner_name: shown.owner_name, scopes } }
}

/** Denies a request. @returns false where it was answered before, or has expired */
export async function denyRequest(
  { db }: AuthorizeParts,
  visit: Visit,
  { token, client, user }: OpenFacts,
  given: GivenAnswer,
): Promise<boolean> {
  return await db.transaction().execute(async (tx) => {
    const answer = { ...given, yes: null }
    if (!(await spendRequest(tx, hashToken(token ?? ''), browserHash(visit), answer, visit.now))) return false
    // Anybody can begin a request and cancel the sign-in, without end: that is no user's answer (AUD-12).
    if (user === null) return true
    const target = { id: client.id, ownerId: null }
    await record(tx, originOfVisit(visit, user.userId), { action: 'consent.denied', target })
    return true
  })
}
