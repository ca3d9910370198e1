import { type Client, whyEnded, whyNotAuthorize } from '../../clients/client.ts'
import { matchesRedirectUri } from '../../clients/redirect-uri.ts'
import type { NamedOwner, SignedInUser } from '../../sessions/person.ts'
import type { Facts } from './authorization-facts.ts'
import type { StoredRequest } from './authorization-request.store.ts'
import { type AuthorizationRequest, wantsFreshSignIn } from './authorization-request.ts'
import type { Consent } from './consent.ts'
import { type ConsentQuestion, questionOf } from './consent-question.ts'
import { priorConsent } from './prior-consent.ts'

/** Facts about a request that can still be answered. */
export interface OpenFacts extends Facts {
  readonly client: Client
}

/** The same, with the user signed in as the request demands. */
export interface UserFacts extends OpenFacts {
  readonly user: SignedInUser
}

/** Why a request cannot be answered any more, by anyone. */
export type Closed =
  /** Nothing may be sent to the redirect URI: that would make us an open redirector (RFC 9700 §4.11.2). */
  | { readonly why: 'unknown' | 'busy' | 'client_gone' | 'client_suspended' | 'redirect_uri_removed' }
  | { readonly why: 'expired'; readonly request: AuthorizationRequest }
  | {
      readonly why: 'answered'
      readonly token: string | null
      readonly request: AuthorizationRequest
      readonly client: Client
      readonly answered: NonNullable<StoredRequest['answered']>
    }

/** Why this user cannot allow the client. Another user may. */
export type Refused =
  | { readonly why: 'not_open_to_user' | 'no_owner' }
  | { readonly why: 'blocked'; readonly owners: readonly NamedOwner[] }

export type NextStep =
  | { readonly step: 'dead_end'; readonly facts: null; readonly end: Closed }
  | { readonly step: 'sign_in'; readonly facts: OpenFacts }
  | { readonly step: 'dead_end'; readonly facts: UserFacts; readonly end: Refused }
  | { readonly step: 'prior_consent'; readonly facts: UserFacts; readonly consent: Consent }
  | { readonly step: 'question'; readonly facts: UserFacts; readonly question: ConsentQuestion }

/**
 * Decides how an authorization request goes on. Pure, and the same for GET and POST. The order matters: whether the
 * client may still get an answer comes before anything about the user.
 *
 * @param facts null: no such request in this browser
 * @param isDeciding the user has just answered the question, so consent given before does not answer it instead
 */
export function nextStep(
  facts: Facts | null,
  grantSeconds: number | null,
  now: Date,
  isDeciding = false,
): NextStep {
  const closed = whyClosed(facts, now)
  if (closed !== null) return { step: 'dead_end', facts: null, end: closed }
  const open = facts as OpenFacts
  const { client, request, user } = open
  if (user === null || wantsFreshSignIn(request, user.authenticatedAt))
    return { step: 'sign_in', facts: open }
  const signedIn: UserFacts = { ...open, user }
  const deadEnd = (end: Refused): NextStep => ({ step: 'dead_end', facts: signedIn, end })
  if (whyNotAuthorize(client, user.userId) !== null) return deadEnd({ why: 'not_open_to_user' })
  if (user.owners.length === 0) return deadEnd({ why: 'no_owner' })
  const consent = isDeciding ? null : priorConsent(signedIn, now)
  if (consent !== null) return { step: 'prior_consent', facts: signedIn, consent }
  const question = questionOf(signedIn, grantSeconds, now)
  return question.owners.length === 0
    ? deadEnd({ why: 'blocked', owners: question.blockedOwners })
    : { step: 'question', facts: signedIn, question }
}

function whyClosed(facts: Facts | null, now: Date): Closed | null {
  if (facts === null) return { why: 'unknown' }
  const { client, token, request, answered } = facts
  if (client === 'busy') return { why: 'busy' }
  if (client === undefined || client.revokedAt !== null) return { why: 'client_gone' }
  if (whyEnded(client) !== null) return { why: 'client_suspended' }
  if (!matchesRedirectUri(request.redirectUri, client.redirectUris)) return { why: 'redirect_uri_removed' }
  if (answered !== null) return { why: 'answered', token, request, client, answered }
  return request.expiresAt > now ? null : { why: 'expired', request }
}
