import type { Answer } from '../../pages/pages.ts'
import type { Visit } from '../../pages/visit.ts'
import type { SignInRequest } from '../../sign-in/sign-in.ts'
import { allowRequest } from './answer-request.ts'
import { type AuthorizeParts, loadFacts } from './authorization-facts.ts'
import { caresWhenSignedIn } from './authorization-request.ts'
import { accessDenied, responseUrl } from './authorization-response.ts'
import { displayNameOf } from './client-display-name.ts'
import { consentPage } from './consent.page.ts'
import type { Choices } from './consent-question.ts'
import { closedPage, deadEndPage, failureOf } from './dead-end.page.ts'
import { type Closed, type NextStep, nextStep, type OpenFacts } from './next-step.ts'
import { CONSENT_PATH, REFUSED_PATH } from './paths.ts'
import { type GivenAnswer, isRepeated } from './repeated-answer.ts'

/** A form that could not be taken as it was sent. */
export interface Complaint {
  readonly alert: string
  readonly chosen: Choices
}

/** The answer that needs no question. */
export const AUTOMATIC: GivenAnswer = { decision: 'allow', form: null }

/** Turns the next step into an answer to the browser. @param given the answer that this HTTP request gives */
export async function followStep(
  parts: AuthorizeParts,
  visit: Visit,
  next: NextStep,
  given: GivenAnswer,
  complaint: Complaint | null = null,
): Promise<Answer> {
  const { pages, signIn } = parts
  if (next.facts === null) return await answerClosed(parts, visit, next.end, given)
  const token = next.facts.token ?? ''
  switch (next.step) {
    case 'sign_in':
      return await signIn.start(visit, signInRequestOf(next.facts))
    case 'dead_end':
      return deadEndPage(pages, visit, failureOf(next.end), { token, user: next.facts.user })
    case 'prior_consent': {
      const answer = await allowRequest(parts, visit, next.facts, next.consent, AUTOMATIC)
      return answer ?? (await answeredMeanwhile(parts, visit, token, AUTOMATIC))
    }
    case 'question':
      return { page: consentPage(pages, visit, { question: next.question, token, complaint }) }
  }
}

/** Another answer won the race for this request: the facts have changed, so they are loaded again. */
export async function answeredMeanwhile(
  parts: AuthorizeParts,
  visit: Visit,
  token: string,
  given: GivenAnswer,
): Promise<Answer> {
  const facts = await loadFacts(parts, visit, token)
  return await followStep(parts, visit, nextStep(facts, parts.grantSeconds, visit.now, true), given)
}

/**
 * Answers for a request that is closed. The same answer given again, as a double click does, leads where the first one
 * did; when it allows, with a code of its own.
 */
async function answerClosed(
  parts: AuthorizeParts,
  visit: Visit,
  end: Closed,
  given: GivenAnswer,
): Promise<Answer> {
  if (end.why === 'answered' && isRepeated(end.answered, given, visit.now)) {
    const { token, request, client, answered } = end
    if (answered.yes === null)
      return { goTo: responseUrl(request, parts.issuer, accessDenied(answered.decision)) }
    const { user_id: userId, owner_id: ownerId, owner_name, scopes } = answered.yes
    const shown = { client_name: client.name, redirect_host: '', owner_name, scopes: [] }
    const consent = { userId, ownerId, asked: 'repeated', scopes, implied: [], shown } as const
    const answer = await allowRequest(parts, visit, { token, request }, consent, given)
    if (answer !== null) return answer
  }
  return closedPage(parts.pages, parts.issuer, end)
}

export function signInRequestOf({ request, client, token }: OpenFacts): SignInRequest {
  return {
    returnTo: `${CONSENT_PATH}?request=${token}`,
    refusedTo: `${REFUSED_PATH}?request=${token}`,
    clientName: displayNameOf(client, request.redirectUri),
    loginHint: request.loginHint,
    fresh: caresWhenSignedIn(request),
  }
}
