import type { Answer } from '../../pages/pages.ts'
import type { Visit } from '../../pages/visit.ts'
import { allowRequest, denyRequest } from './answer-request.ts'
import { type AuthorizeParts, loadFacts } from './authorization-facts.ts'
import { accessDenied, responseUrl } from './authorization-response.ts'
import { chosenOwner, consentTo, digestOf } from './consent-question.ts'
import { answeredMeanwhile, followStep, signInRequestOf } from './follow-step.ts'
import { nextStep, type OpenFacts } from './next-step.ts'
import { digestOfForm, type GivenAnswer } from './repeated-answer.ts'

/** Takes the form of the consent page. Only the decision is read from it; the request itself is the stored one. */
export async function takeDecision(
  parts: AuthorizeParts,
  visit: Visit,
  fields: URLSearchParams,
): Promise<Answer> {
  const { signIn } = parts
  const token = fields.get('request') ?? ''
  const decision = fields.get('decision')
  const form = digestOfForm(fields)
  const given: GivenAnswer = { decision: decisionOf(decision) ?? 'refused', form }
  const facts = await loadFacts(parts, visit, token)
  const next = nextStep(facts, parts.grantSeconds, visit.now, true)
  if (next.facts === null) return await followStep(parts, visit, next, given)
  if (decision === 'somebody_else')
    return await signIn.startAgain(visit, { ...signInRequestOf(next.facts), loginHint: null })
  if (decision === 'deny' || decision === 'back') return await deny(parts, visit, next.facts, given)
  if (next.step !== 'question') return await followStep(parts, visit, next, given)

  const { question } = next
  const chosen = { ownerId: fields.get('owner_id'), scopes: new Set(fields.getAll('scope')) }
  const again = (alert: string) => followStep(parts, visit, next, given, { alert, chosen })
  // Browsers send the button that was pressed. A form without one decides nothing.
  if (decision !== 'allow') return await again('Choose Allow or Deny.')
  if (fields.get('shown') !== digestOf(question)) return await again(CHANGED)
  const owner = chosenOwner(question.owners, chosen.ownerId)
  if (owner === null) return await again('Choose one of your workspaces.')
  const consent = consentTo(question, owner, chosen.scopes)
  if (consent.scopes.length === 0) return await again('Tick at least one, or choose Deny.')
  const answer = await allowRequest(parts, visit, next.facts, consent, given)
  return answer ?? (await answeredMeanwhile(parts, visit, token, given))
}

const CHANGED = 'Something here has changed since it was shown. Nothing was allowed. Please check it again.'

/** The external login has refused to sign the user in: the client gets `access_denied`. */
export async function refuseSignIn(parts: AuthorizeParts, visit: Visit): Promise<Answer> {
  const given = { decision: 'refused', form: null } as const
  const facts = await loadFacts(parts, visit, visit.query.get('request') ?? '')
  const next = nextStep(facts, parts.grantSeconds, visit.now, true)
  if (next.facts === null) return await followStep(parts, visit, next, given)
  return await deny(parts, visit, { ...next.facts, user: null }, given)
}

async function deny(
  parts: AuthorizeParts,
  visit: Visit,
  facts: OpenFacts,
  given: GivenAnswer,
): Promise<Answer> {
  return (await denyRequest(parts, visit, facts, given))
    ? { goTo: responseUrl(facts.request, parts.issuer, accessDenied(given.decision)) }
    : await answeredMeanwhile(parts, visit, facts.token ?? '', given)
}

function decisionOf(decision: string | null): GivenAnswer['decision'] | null {
  return decision === 'allow' || decision === 'deny' || decision === 'back' ? decision : null
}
