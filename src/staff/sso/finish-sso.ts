import { originOfStaff } from '../../audit/visit-origin.ts'
import { newId } from '../../base/id.ts'
import { hashToken, mintToken } from '../../base/one-time-token.ts'
import { no, type Result, yes } from '../../base/result.ts'
import { record } from '../../changes/record.ts'
import type { Tx } from '../../db/schema.ts'
import type { Visit } from '../../pages/visit.ts'
import { mayInviterStillGive } from '../inviter.ts'
import { permissionsOf } from '../role.ts'
import { type SignedIn, signInStaff } from '../sign-in-staff.ts'
import { holdEnabledStaff, insertStaff, lockAllStaff } from '../staff.store.ts'
import { findStaffLink, spendStaffLink } from '../staff-link.store.ts'
import { confirmSession, type PresentedSession, sessionById } from '../staff-session.store.ts'
import { TARGET } from './change-single-sign-on.ts'
import type { Person, ProfileClaims } from './person-claims.ts'
import { holdSingleSignOn, putTest } from './single-sign-on.store.ts'
import { domainOf, maxAgeOf, type SingleSignOn, type SsoFlow } from './single-sign-on.ts'
import type { SsoRefusal } from './sso-refusal.ts'
import { addressOfStaff, insertIdentity, staffOfIdentity } from './staff-identity.store.ts'

/** Clocks of the provider and of ours may differ by so much. */
const SKEW_MS = 60_000

/** A person whom the provider has proved, and the profile where it may be needed. */
export interface Arrived {
  readonly person: Person
  readonly profile: ProfileClaims | null
}

type Refused = Result<never, SsoRefusal>

/** Signs in a member by an identity; at the first sign-in makes one where a domain lets the address in. */
export async function signInBySso(
  tx: Tx,
  visit: Visit,
  flow: SsoFlow,
  { person, profile }: Arrived,
): Promise<Result<SignedIn, SsoRefusal>> {
  const why = whyNotFresh(person, flow)
  if (why !== null) return no(why)
  const known = await staffOfIdentity(tx, person)
  if (known === undefined) await lockAllStaff(tx)
  const provider = await current(tx, flow.version)
  if (provider === undefined) return no('off')
  // Two first sign-ins at once: the second finds what the first has made.
  const found = known ?? (await staffOfIdentity(tx, person))
  if (found === undefined) {
    const made = await makeMemberOfDomain(tx, visit, provider, person, profile)
    return made.ok ? yes(await start(tx, visit, flow, made.value, person)) : made
  }
  if ((await holdEnabledStaff(tx, found.staffId)) === undefined) return no('ended_member')
  return yes(await start(tx, visit, flow, found.staffId, person))
}

/** Accepts an invitation by single sign-on in place of a password. The link decides address and role. */
export async function acceptBySso(
  tx: Tx,
  visit: Visit,
  flow: SsoFlow,
  linkHash: Uint8Array,
  { person, profile }: Arrived,
): Promise<Result<SignedIn, SsoRefusal>> {
  const why = whyNotFresh(person, flow)
  if (why !== null) return no(why)
  await lockAllStaff(tx)
  const provider = await current(tx, flow.version)
  if (provider === undefined) return no('off')
  const link = await findStaffLink(tx, linkHash, visit.now)
  if (link?.kind !== 'invitation' || link.email === null || link.role === null) return no('link_over')
  if (!(await spendStaffLink(tx, linkHash, visit.now))) return no('link_over')
  if (!(await mayInviterStillGive(tx, link))) return no('link_over')
  const { email, role, createdBy } = link
  const member = { email, role, name: profile?.name ?? nameFrom(email), createdBy, by: link.id }
  const made = await makeMember(tx, visit, member, person)
  return made.ok ? yes(await start(tx, visit, flow, made.value, person)) : made
}

/** Result of connecting one's own account. */
export interface Connected {
  /** The session's new token; null where the provider does not say when the person signed in. */
  readonly token: string | null
}

/** Connects the identity to the member who is signed in. For a member who may change staff, it is the test. */
export async function connectBySso(
  tx: Tx,
  visit: Visit,
  flow: SsoFlow,
  sessionId: string,
  { person }: Arrived,
): Promise<Result<Connected, SsoRefusal>> {
  await lockAllStaff(tx)
  const provider = await current(tx, flow.version)
  if (provider === undefined) return no('off')
  const own = await sessionById(tx, sessionId, visit.now)
  if (own === undefined) return no('session_over')
  const why = whyNotFresh(person, flow)
  if (why !== null) return no(why)
  const { staffId } = own.session
  const known = await staffOfIdentity(tx, person)
  if (known?.staffId !== staffId && !(await link(tx, visit, staffId, person, 'member')))
    return no('identity_taken')
  if (permissionsOf(own.member.role).has('staff:write')) {
    const statesAuthTime = person.authTime !== null
    await putTest(tx, provider.version, { at: visit.now, staffId, statesAuthTime })
    await record(tx, originOfStaff(visit, staffId), {
      action: 'single_sign_on.tested',
      target: TARGET,
      detail: { issuer: person.issuer, states_auth_time: statesAuthTime },
    })
  }
  return yes({
    token: person.authTime === null ? null : await prove(tx, visit, own, person, person.authTime),
  })
}

/** Confirms the session by a fresh sign-in of its own member. @returns the session's new token */
export async function confirmBySso(
  tx: Tx,
  visit: Visit,
  flow: SsoFlow,
  sessionId: string,
  { person }: Arrived,
): Promise<Result<string, SsoRefusal>> {
  if ((await current(tx, flow.version)) === undefined) return no('off')
  const own = await sessionById(tx, sessionId, visit.now)
  if (own === undefined) return no('session_over')
  if ((await staffOfIdentity(tx, person))?.staffId !== own.session.staffId) return no('other_person')
  if (person.authTime === null) return no('time_not_stated')
  const why = whyNotFresh(person, flow)
  if (why !== null) return no(why)
  return yes(await prove(tx, visit, own, person, person.authTime))
}

/** The provider that a flow began with; undefined where it was changed or removed since. */
async function current(tx: Tx, version: string): Promise<SingleSignOn | undefined> {
  const provider = await holdSingleSignOn(tx)
  return provider?.version === version ? provider : undefined
}

/** The provider was told how old the person's sign-in there may be. What it does not state cannot be judged. */
function whyNotFresh({ authTime }: Person, { createdAt, purpose }: SsoFlow): SsoRefusal | null {
  if (authTime === null) return null
  const earliest = createdAt.getTime() - maxAgeOf(purpose) * 1000 - SKEW_MS
  return authTime.getTime() >= earliest ? null : 'not_fresh'
}

async function start(
  tx: Tx,
  visit: Visit,
  { returnTo }: SsoFlow,
  staffId: string,
  { authTime, methods }: Person,
): Promise<SignedIn> {
  const sso = { provenAt: authTime === null ? null : earlier(authTime, visit.now), methods }
  return await signInStaff(tx, visit, { staffId, proven: ['sso'], returnTo, sso })
}

async function prove(
  tx: Tx,
  visit: Visit,
  { session: { id, staffId } }: PresentedSession,
  { methods }: Person,
  authTime: Date,
): Promise<string> {
  const token = mintToken('st').reveal()
  const provenAt = earlier(authTime, visit.now)
  await confirmSession(tx, { id, hash: hashToken(token), ssoAt: provenAt }, visit.now)
  await record(tx, originOfStaff(visit, staffId), {
    action: 'staff_session.confirmed',
    target: { id, ownerId: null },
    detail: { by: 'sso', methods },
  })
  return token
}

/** A clock that is ahead must not make a proof last longer. */
function earlier(authTime: Date, now: Date): Date {
  return authTime < now ? authTime : now
}

async function makeMemberOfDomain(
  tx: Tx,
  visit: Visit,
  { domains, defaultRole, version }: SingleSignOn,
  person: Person,
  profile: ProfileClaims | null,
): Promise<Result<string, SsoRefusal>> {
  const email = profile?.email ?? null
  if (profile === null || email === null || !profile.isEmailVerified) return no('not_linked')
  if (!domains.includes(domainOf(email))) return no('not_linked')
  // Neither takes over a member by the address, nor lets a removed one in again.
  const taken = await addressOfStaff(tx, email)
  if (taken !== undefined) return no(taken === 'removed' ? 'ended_member' : 'address_taken')
  const member = {
    email,
    role: defaultRole,
    name: profile.name ?? nameFrom(email),
    createdBy: version,
    by: version,
  }
  return await makeMember(tx, visit, member, person)
}

interface NewMember {
  readonly email: string
  readonly role: Parameters<typeof insertStaff>[1]['role']
  readonly name: string
  readonly createdBy: string
  /** Invitation or provider. */
  readonly by: string
}

async function makeMember(
  tx: Tx,
  visit: Visit,
  { email, role, name, createdBy, by }: NewMember,
  person: Person,
): Promise<Result<string, SsoRefusal>> {
  const id = newId('stf')
  const made = { id, email, name, role, passwordHash: null, createdBy, createdAt: visit.now }
  if (!(await insertStaff(tx, made))) return refuse('link_over')
  await record(tx, originOfStaff(visit, id), {
    action: 'staff.created',
    target: { id, ownerId: null },
    detail: { email, role, by },
  })
  return (await link(tx, visit, id, person, by)) ? yes(id) : refuse('identity_taken')
}

function refuse(refusal: SsoRefusal): Refused {
  return no(refusal)
}

/** @returns false where another member has the identity, or the member another identity of this issuer */
async function link(
  tx: Tx,
  visit: Visit,
  staffId: string,
  { issuer, subject }: Person,
  by: string,
): Promise<boolean> {
  if (!(await insertIdentity(tx, { issuer, subject }, staffId, visit.now))) return false
  await record(tx, originOfStaff(visit, staffId), {
    action: 'staff_identity.linked',
    target: { id: staffId, ownerId: null },
    detail: { issuer, subject, by },
  })
  return true
}

function nameFrom(email: string): string {
  return email.slice(0, email.lastIndexOf('@')).slice(0, 100)
}
