import { hashToken, isToken, mintToken } from '../base/one-time-token.ts'
import type { Tx } from '../db/schema.ts'
import type { Answer, Pages } from '../pages/pages.ts'
import type { Visit } from '../pages/visit.ts'
import { enrolledOf } from './enrolled.store.ts'
import { isSsoRequired } from './sso/sso-offer.ts'
import { type Factor, hasSecondFactor } from './staff.ts'
import { insertSignIn } from './staff-sign-in.store.ts'
import { type SsoProof, startStaffSession } from './start-staff-session.ts'

/** Result of a sign-in's first step: a session, or no session yet, because the second factor is missing. */
export type SignedIn =
  | { readonly kind: 'session'; readonly token: string; readonly enrolled: readonly Factor[] }
  | { readonly kind: 'second_step'; readonly token: string }
  | { readonly kind: 'sso_required' }

export interface FirstProof {
  readonly staffId: string
  readonly proven: readonly Factor[]
  /** Where the browser goes once the member is signed in. */
  readonly returnTo: string
  /** Of a sign-in at the identity provider. */
  readonly sso?: SsoProof
  /** True for a one-time link, which is accepted while single sign-on is required. */
  readonly isByLink?: boolean
}

/**
 * Signs a member in who has proved one factor or more. The caller holds the member (`holdEnabledStaff`), so that a factor
 * that is being enrolled counts or is enrolled after the session has begun, which ends it.
 */
export async function signInStaff(
  tx: Tx,
  visit: Visit,
  { staffId, proven, returnTo, sso, isByLink = false }: FirstProof,
): Promise<SignedIn> {
  if (sso === undefined && !isByLink && (await isSsoRequired(tx))) return { kind: 'sso_required' }
  const enrolled = await enrolledOf(tx, staffId)
  if (!hasSecondFactor(enrolled) || hasSecondFactor(proven))
    return {
      kind: 'session',
      token: await startStaffSession(tx, visit, staffId, proven, proven, sso),
      enrolled,
    }
  const token = mintToken('sc').reveal()
  await insertSignIn(tx, hashToken(token), { staffId, proven, returnTo }, visit.now)
  return { kind: 'second_step', token }
}

export interface Entrance {
  readonly pages: Pages
  /** True: a member without a second factor can do nothing but enrol one. */
  readonly requiresSecondFactor: boolean
}

/** Sets the cookie of a sign-in that is committed, and leads the browser on. */
export function leadOn(
  { pages, requiresSecondFactor }: Entrance,
  visit: Visit,
  signedIn: SignedIn,
  returnTo: string,
): Answer {
  if (signedIn.kind === 'sso_required')
    return { goTo: pages.at(`/staff/sign-in?return_to=${encodeURIComponent(returnTo)}`) }
  if (signedIn.kind === 'second_step') {
    visit.setCookie('staff-sign-in', signedIn.token)
    return { goTo: pages.at('/staff/second-factor') }
  }
  visit.setCookie('staff', signedIn.token)
  const mustEnrol = requiresSecondFactor && !hasSecondFactor(signedIn.enrolled)
  return { goTo: pages.at(mustEnrol ? `/staff/factors?return_to=${encodeURIComponent(returnTo)}` : returnTo) }
}

/** Hash of the sign-in that waits for its second step in this browser. */
export function hashOfSignIn(visit: Visit): Buffer | null {
  const token = visit.cookie('staff-sign-in') ?? ''
  return isToken('sc', token) ? hashToken(token) : null
}
