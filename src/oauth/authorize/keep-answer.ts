import type { Secret } from '@doorward/sdk/kernel'
import { originOfVisit } from '../../audit/visit-origin.ts'
import { hashToken } from '../../base/one-time-token.ts'
import { no } from '../../base/result.ts'
import { record } from '../../changes/record.ts'
import type { Client } from '../../clients/client.ts'
import type { AnswerJson } from '../../db/oauth-tables.ts'
import type { Db, Tx } from '../../db/schema.ts'
import { transact } from '../../db/transact.ts'
import type { Failure } from '../../pages/page.ts'
import type { Answer, Pages } from '../../pages/pages.ts'
import { browserHash, type Visit } from '../../pages/visit.ts'
import type { SignedInUser } from '../../sessions/person.ts'
import type { SignIn } from '../../sign-in/sign-in.ts'
import { answerRequest } from './authorization-request.store.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { responseUrl } from './authorization-response.ts'
import { consent, type Yes } from './consent.ts'
import { blockedFor, deadEnd, NOT_TO_BE_ALLOWED } from './dead-end.page.ts'
import { keptRequest } from './kept-request.ts'
import type { GivenAnswer } from './repeated-answer.ts'

export interface AuthorizeParts {
  readonly db: Db
  readonly pages: Pages
  readonly signIn: SignIn
  readonly issuer: string
  readonly brand: string | null
  readonly grantSeconds: number | null
  /**
   * Any client that may ask, registered or not; undefined where there is none.
   *
   * @param ip on whose behalf: what a stranger can have us read is bounded, and then the answer is `busy`
   */
  readonly findClient: (id: string, ip: string | null) => Promise<Client | 'busy' | undefined>
  /** Called once a change is committed, and awaited. */
  readonly onChanged: () => Promise<void>
}

export const REFUSED_PATH = '/oauth/refused'

/** The kept request that is answered, by its token. */
interface Answering {
  readonly token: string
  readonly given: GivenAnswer
}

/**
 * Keeps a yes and sends the code.
 *
 * @param answering null where no request was kept
 * @returns null where the request waits no more
 */
export async function keepYes(
  parts: AuthorizeParts,
  visit: Visit,
  request: AuthorizationRequest,
  yes: Yes,
  answering: Answering | null,
): Promise<Answer | null> {
  const { db, brand, issuer, signIn, grantSeconds, onChanged, pages } = parts
  const origin = originOfVisit(visit, yes.userId)
  const kept = await transact<Secret, Failure | 'over'>(db, async (tx) => {
    if (!(await signIn.holdEnabled(tx, yes.userId))) return no(NOT_TO_BE_ALLOWED)
    if (answering !== null && !(await spendFor(tx, visit, yes, answering))) return no('over')
    const code = await consent(tx, origin, { request, brand, grantSeconds, yes })
    // User and owner are held now: whoever takes the user's access away has done so already, or will see this grant.
    const who = await signIn.currentUser(visit, tx)
    const mayAct = who?.userId === yes.userId && who.owners.some(({ id }) => id === yes.ownerId)
    if (!code.ok && code.no === 'blocked') return no(blockedFor([yes.shown.owner_name]))
    if (!code.ok || !mayAct) return no(NOT_TO_BE_ALLOWED)
    return code
  })
  if (kept.ok) {
    await onChanged()
    return { goTo: responseUrl(request, issuer, { code: kept.value.reveal() }) }
  }
  if (kept.no === 'over') return null
  return await notKept(parts, visit, kept.no, answering?.token ?? null, pages)
}

/** What was suspended may be the workspace: then the app can be told, for nothing of the request was spent. */
async function notKept(
  parts: AuthorizeParts,
  visit: Visit,
  failure: Failure,
  token: string | null,
  pages: Pages,
): Promise<Answer> {
  const who = await parts.signIn.currentUser(visit)
  if (token === null || who === null) return { failure }
  const kept = await keptRequest(parts, visit, token)
  return kept.state === 'waits' ? deadEnd(pages, visit, failure, { token, who }) : { failure }
}

/**
 * Spends the request. The same yes again, a moment later, spends nothing and gets a code of its own: both codes work,
 * because nobody can say which of two answers a browser shows.
 *
 * @returns false where the request waits no more
 */
async function spendFor(tx: Tx, visit: Visit, yes: Yes, { token, given }: Answering): Promise<boolean> {
  if (yes.asked === 'a_moment_ago') return true
  return await answerRequest(tx, hashToken(token), browserHash(visit), answerOf(given, yes), visit.now)
}

function answerOf({ decision, form }: GivenAnswer, { userId, ownerId, scopes, shown }: Yes): AnswerJson {
  const said = { user_id: userId, owner_id: ownerId, owner_name: shown.owner_name, scopes }
  return { decision, form, yes: said }
}

/** Keeps a no. @returns false where the request waits no more */
export async function denyRequest(
  { db }: AuthorizeParts,
  visit: Visit,
  token: string,
  { decision, form }: GivenAnswer,
  { who, client }: { readonly who: SignedInUser | null; readonly client: Client },
): Promise<boolean> {
  return await db.transaction().execute(async (tx) => {
    const answer = { decision, form, yes: null }
    if (!(await answerRequest(tx, hashToken(token), browserHash(visit), answer, visit.now))) return false
    const target = { id: client.id, ownerId: null }
    await record(tx, originOfVisit(visit, who?.userId ?? null), { action: 'consent.denied', target })
    return true
  })
}
