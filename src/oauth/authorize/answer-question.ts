import type { Client } from '../../clients/client.ts'
import { whyNotAuthorize } from '../../clients/client.ts'
import type { Answer } from '../../pages/pages.ts'
import type { Visit } from '../../pages/visit.ts'
import type { NamedOwner } from '../../sessions/person.ts'
import type { SignInRequest } from '../../sign-in/sign-in.ts'
import { type AuthorizationRequest, caresWhenSignedIn, wantsFreshSignIn } from './authorization-request.ts'
import { responseUrl } from './authorization-response.ts'
import { displayNameOf } from './client-display-name.ts'
import { CONSENT_PATH, consentPage } from './consent.page.ts'
import { type Choices, chosenOwner, digestOf, questionOf, yesTo } from './consent-question.ts'
import { blockedFor, closedPage, deadEnd, NO_OWNER, NOT_TO_BE_ALLOWED } from './dead-end.page.ts'
import { type AuthorizeParts, denyRequest, keepYes, REFUSED_PATH } from './keep-answer.ts'
import { type Kept, keptRequest } from './kept-request.ts'
import { silentYes } from './prior-consent.ts'
import { digestOfForm, type GivenAnswer, isGivenAgain } from './repeated-answer.ts'

/** A form that could not be taken as it was. */
interface Complaint {
  readonly alert: string
  readonly chosen: Choices
  readonly given: GivenAnswer
}

/** The answer that needs no question. */
const SILENT: GivenAnswer = { decision: 'allow', form: null }

/** Has somebody sign in, then shows the question, or answers it where it was answered before. */
export async function ask(
  parts: AuthorizeParts,
  visit: Visit,
  token: string,
  complaint: Complaint | null = null,
): Promise<Answer> {
  const { db, pages, signIn } = parts
  const kept = await keptRequest(parts, visit, token)
  if (kept.state !== 'waits') return await afterwards(parts, visit, token, kept, complaint?.given ?? SILENT)
  const { request, client } = kept
  const who = await signIn.currentUser(visit)
  if (who === null || wantsFreshSignIn(request, who.authenticatedAt))
    return { goTo: await signIn.start(visit, signInRequestOf(request, client, token)) }
  const end = { token, who }
  if (whyNotAuthorize(client, who.userId) !== null) return deadEnd(pages, visit, NOT_TO_BE_ALLOWED, end)
  if (who.owners.length === 0) return deadEnd(pages, visit, NO_OWNER, end)
  const silent = complaint === null ? await silentYes(db, client, request, who, visit.now) : null
  if (silent !== null) {
    const answer = await keepYes(parts, visit, request, silent, { token, given: SILENT })
    return answer ?? (await over(parts, visit, token, SILENT))
  }
  const question = await questionOf(parts, request, client, who, visit.now)
  if (question.owners.length === 0)
    return deadEnd(pages, visit, blockedFor(namesOf(question.blockedOwners)), end)
  return { page: consentPage(pages, visit, { question, token, complaint }) }
}

/** Takes the user's decision on what is kept here; of the form only the decision itself is read. */
export async function decide(parts: AuthorizeParts, visit: Visit, fields: URLSearchParams): Promise<Answer> {
  const { signIn, issuer } = parts
  const token = fields.get('request') ?? ''
  const decision = fields.get('decision')
  const form = digestOfForm(fields)
  const kept = await keptRequest(parts, visit, token)
  if (kept.state !== 'waits')
    return await afterwards(parts, visit, token, kept, { decision: decisionOf(decision) ?? 'refused', form })
  const { request, client } = kept
  if (decision === 'somebody_else')
    return {
      goTo: await signIn.startAgain(visit, { ...signInRequestOf(request, client, token), loginHint: null }),
    }
  const who = await signIn.currentUser(visit)
  if (decision === 'deny' || decision === 'back') {
    const given = { decision, form } as const
    const denied = await denyRequest(parts, visit, token, given, { who, client })
    return denied
      ? { goTo: responseUrl(request, issuer, errorOf(given)) }
      : await over(parts, visit, token, given)
  }
  const given = { decision: 'allow', form } as const
  const chosen = { ownerId: fields.get('owner_id'), scopes: new Set(fields.getAll('scope')) }
  const again = (alert: string) => ask(parts, visit, token, { alert, chosen, given })
  // Browsers send the button that was pressed. What says neither yes nor no is neither.
  if (decision !== 'allow') return await again('Choose Allow or Deny.')
  if (who === null || wantsFreshSignIn(request, who.authenticatedAt)) return await ask(parts, visit, token)
  if (whyNotAuthorize(client, who.userId) !== null || who.owners.length === 0)
    return await ask(parts, visit, token)
  const question = await questionOf(parts, request, client, who, visit.now)
  if (question.owners.length === 0) return await ask(parts, visit, token)
  if (fields.get('shown') !== digestOf(question)) return await again(CHANGED)
  const owner = chosenOwner(question.owners, chosen.ownerId)
  if (owner === null) return await again('Choose one of your workspaces.')
  const yes = yesTo(question, owner, chosen.scopes)
  if (yes.scopes.length === 0) return await again('Tick at least one, or deny.')
  const answer = await keepYes(parts, visit, request, yes, { token, given })
  return answer ?? (await over(parts, visit, token, given))
}

const CHANGED = 'Something here has changed since it was shown. Nothing was done. Please look at it again.'

/** The API provider's own login has refused: the app hears it, the user is done. */
export async function refuseSignIn(parts: AuthorizeParts, visit: Visit, token: string): Promise<Answer> {
  const given = { decision: 'refused', form: null } as const
  const kept = await keptRequest(parts, visit, token)
  if (kept.state !== 'waits') return await afterwards(parts, visit, token, kept, given)
  const denied = await denyRequest(parts, visit, token, given, { who: null, client: kept.client })
  if (!denied) return await over(parts, visit, token, given)
  return { goTo: responseUrl(kept.request, parts.issuer, errorOf(given)) }
}

/** Another answer was first. */
async function over(parts: AuthorizeParts, visit: Visit, token: string, given: GivenAnswer): Promise<Answer> {
  return await afterwards(parts, visit, token, await keptRequest(parts, visit, token), given)
}

/**
 * What is answered once a request waits no more. The same answer again, as two clicks on a button send it, leads where the
 * first one did; a yes with a code of its own, and the first code is taken back unless it was redeemed.
 */
async function afterwards(
  parts: AuthorizeParts,
  visit: Visit,
  token: string,
  kept: Kept,
  given: GivenAnswer,
): Promise<Answer> {
  if (kept.state === 'answered' && isGivenAgain(kept.answered, given, visit.now)) {
    const { request, answered } = kept
    if (answered.yes === null) return { goTo: responseUrl(request, parts.issuer, errorOf(answered)) }
    const { user_id: userId, owner_id: ownerId, owner_name, scopes } = answered.yes
    const shown = { client_name: kept.client.name, redirect_host: '', owner_name, scopes: [] }
    const yes = { userId, ownerId, asked: 'a_moment_ago', scopes, brought: [], shown } as const
    const answer = await keepYes(parts, visit, request, yes, { token, given })
    if (answer !== null) return answer
  }
  return closedPage(parts.pages, parts.issuer, kept)
}

function decisionOf(decision: string | null): GivenAnswer['decision'] | null {
  return decision === 'allow' || decision === 'deny' || decision === 'back' ? decision : null
}

/** RFC 6749 §4.1.2.1 */
function errorOf({ decision }: Pick<GivenAnswer, 'decision'>) {
  return { error: 'access_denied', error_description: DESCRIPTIONS[decision] ?? 'The user said no.' }
}

const DESCRIPTIONS: Readonly<Partial<Record<GivenAnswer['decision'], string>>> = {
  back: 'This user cannot allow it.',
  refused: 'The user was not signed in.',
}

function namesOf(owners: readonly NamedOwner[]): readonly string[] {
  return owners.map(({ name }) => name)
}

function signInRequestOf(request: AuthorizationRequest, client: Client, token: string): SignInRequest {
  return {
    returnTo: `${CONSENT_PATH}?request=${token}`,
    refusedTo: `${REFUSED_PATH}?request=${token}`,
    clientName: displayNameOf(client, request.redirectUri),
    loginHint: request.loginHint,
    fresh: caresWhenSignedIn(request),
  }
}
