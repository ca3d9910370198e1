import { type Html, html } from '../../pages/html.ts'
import type { Failure } from '../../pages/page.ts'
import type { ProviderFault } from './identity-provider.ts'

/** Reason why a sign-in at the provider starts no session here. */
export type SsoRefusal =
  | ProviderFault['reason']
  | 'flow_over'
  | 'off'
  | 'too_many'
  | 'unreadable_secret'
  | 'not_linked'
  | 'ended_member'
  | 'address_taken'
  | 'identity_taken'
  | 'other_person'
  | 'not_fresh'
  | 'time_not_stated'
  | 'link_over'
  | 'session_over'
  | 'passwords_refused'

type Words = readonly [status: number, title: string, message: string, forDevelopers: string]

/** One row for each refusal. A stranger learns no more than that the provider's account has no access here. */
const WORDS: Readonly<Record<SsoRefusal, Words>> = {
  denied: [
    400,
    'The sign-in was not completed',
    'Your identity provider did not sign you in.',
    'It answered with an error: see the log of this request.',
  ],
  unreachable: [
    502,
    'Your identity provider does not answer',
    'Try again in a moment.',
    'No answer in time, or from no public address: see the log of this request.',
  ],
  answer: [
    400,
    'The sign-in was not accepted',
    'The answer of your identity provider failed a check.',
    'Which check: see the log of this request.',
  ],
  busy: [
    503,
    'Many people are signing in right now',
    'Try again in a few seconds.',
    'Requests to the provider are bounded.',
  ],
  flow_over: [
    400,
    'This sign-in is over',
    'It works once, within ten minutes, in the browser that began it. Begin again.',
    'The flow is unknown, spent or expired, or its cookie or state is of another browser.',
  ],
  off: [
    400,
    'There is no single sign-on here',
    'Sign in with your password.',
    'It was removed or changed while the sign-in was under way.',
  ],
  too_many: [
    429,
    'Too many at once',
    'Your network has begun too many sign-ins. Try again in a minute.',
    'Sign-ins at the provider are limited per network.',
  ],
  unreadable_secret: [
    503,
    'Single sign-on does not work now',
    'Ask an administrator.',
    'The stored client secret cannot be read: DOORWARD_SECRET is another than when it was stored. Set the client secret again.',
  ],
  not_linked: [
    403,
    'This account has no access',
    'Ask an administrator for an invitation.',
    'No member is linked to this issuer and subject, and no domain lets this verified address in.',
  ],
  ended_member: [
    403,
    'This account has no access',
    'Ask an administrator.',
    'The member is disabled or was removed.',
  ],
  address_taken: [
    403,
    'This account is not connected yet',
    'Sign in as you did until now, and connect it at Single sign-on.',
    'A member has this address. An address does not prove who a person is, so it links nothing.',
  ],
  identity_taken: [
    409,
    'This account belongs to another member',
    'Nothing was changed. Sign in with another account at your identity provider.',
    'An identity has one member, and a member one identity at an issuer.',
  ],
  other_person: [
    403,
    'This is another account',
    'Nothing was confirmed. Sign in with the account that you use here.',
    'The subject is not the one that is linked to the signed-in member.',
  ],
  not_fresh: [
    403,
    'Your identity provider did not ask you again',
    'Nothing was confirmed. Sign out there, and try again.',
    'auth_time is before the request, which had max_age=0 and prompt=login.',
  ],
  time_not_stated: [
    403,
    'Your identity provider does not say when you signed in',
    'It cannot confirm that it is you. Use another factor.',
    'The ID token has no auth_time, which max_age makes required (OpenID Connect Core §2).',
  ],
  link_over: [
    400,
    'This link no longer works',
    'A link works once and for a limited time. Ask an administrator for a new one.',
    'It was spent, replaced or withdrawn, or it expired.',
  ],
  session_over: [
    403,
    'Your session is over',
    'Nothing was changed. Sign in and try again.',
    'The session that began this has ended.',
  ],
  passwords_refused: [
    403,
    'Passwords are not accepted here',
    'Single sign-on is required, and your account is not connected. Make another link at the command line.',
    'A session by a link of the command line has a fresh proof for 15 minutes.',
  ],
}

export function failureOf(refusal: SsoRefusal, wayOn: Html): Failure {
  const [status, title, message, why] = WORDS[refusal]
  const wait = refusal === 'too_many' ? { retryAfterSeconds: 60 } : {}
  return { status, title, message, forDevelopers: html`${why} <code>${refusal}</code>`, wayOn, ...wait }
}
