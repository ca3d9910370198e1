import { Secret } from '@doorward/sdk/kernel'
import type { RefusedAttempts } from '../../audit/refused-attempts.ts'
import { originOfVisit } from '../../audit/visit-origin.ts'
import type { Clock } from '../../base/clock.ts'
import { NetworkLimiter } from '../../base/fixed-window-limiter.ts'
import { hashToken, isToken, mintToken } from '../../base/one-time-token.ts'
import { no, type Result, yes } from '../../base/result.ts'
import { unseal } from '../../base/seal.ts'
import type { Db } from '../../db/schema.ts'
import { transact } from '../../db/transact.ts'
import type { Logger } from '../../http/log.ts'
import { isFresh } from '../../management/why-not-permitted.ts'
import { html } from '../../pages/html.ts'
import type { Answer, Pages } from '../../pages/pages.ts'
import type { Visit } from '../../pages/visit.ts'
import { DASHBOARD, returnPathOf } from '../return-path.ts'
import { permissionsOf } from '../role.ts'
import { leadOn } from '../sign-in-staff.ts'
import { latestProofOf } from '../staff.ts'
import { findStaffLink } from '../staff-link.store.ts'
import { currentStaff } from '../start-staff-session.ts'
import { contextOfSecret } from './change-single-sign-on.ts'
import { type Arrived, acceptBySso, confirmBySso, connectBySso, signInBySso } from './finish-sso.ts'
import { secretsOf } from './flow-secrets.ts'
import type { CalledProvider, IdentityProvider, ProvenPerson } from './identity-provider.ts'
import { findSingleSignOn } from './single-sign-on.store.ts'
import { maxAgeOf, type SingleSignOn, type SsoFlow, type SsoPurpose } from './single-sign-on.ts'
import { CALLBACK_PATH } from './single-sign-on.wire.ts'
import {
  ABOUT_SSO,
  ABOUT_SSO_CONFIRM,
  ABOUT_SSO_CONNECT,
  aboutSsoAccept,
  connectedPage,
  continuePage,
  ownConnectionPage,
  ssoConfirmPage,
} from './sso.page.ts'
import { insertFlow, spendFlow } from './sso-flow.store.ts'
import { ssoOfferOf } from './sso-offer.ts'
import { failureOf, type SsoRefusal } from './sso-refusal.ts'
import { staffOfIdentity, subjectOf } from './staff-identity.store.ts'

export interface SsoPagesParts {
  readonly db: Db
  readonly clock: Clock
  readonly pages: Pages
  readonly provider: IdentityProvider
  readonly publicUrl: string
  readonly sealKey: Buffer
  readonly refusedAttempts: RefusedAttempts
  readonly log: Logger
  /** True: a member without a second factor can do nothing but enrol one. */
  readonly requiresSecondFactor: boolean
}

/** Sign-ins at the provider that one network may begin: each stores a row. */
const STARTS = { most: 120, windowMs: 60_000 }
const REFUSED = {
  code: 'sign_in_refused',
  method: 'GET',
  route: CALLBACK_PATH,
  targetId: null,
  ownerId: null,
} as const

/** Each form begins a sign-in of its own, with its cookie: the browser follows the last, and all count for the limit. */
const BEGINS = { handlesRepeats: true } as const

/** The pages around a sign-in at the identity provider. */
export function ssoPages(parts: SsoPagesParts): void {
  const { db, clock, pages, provider, publicUrl, sealKey, refusedAttempts, log } = parts
  const starts = new NetworkLimiter(clock, STARTS)
  const redirectUri = publicUrl + CALLBACK_PATH

  pages.post(
    '/staff/sso',
    () => ABOUT_SSO,
    (visit, fields) => begin(visit, { kind: 'sign_in' }, returnPathOf(fields.get('return_to'))),
    BEGINS,
  )
  pages.post(
    '/staff/sso/accept',
    (fields) => aboutSsoAccept(fields.get('link') ?? ''),
    async (visit, fields) => {
      const token = fields.get('link') ?? ''
      const link = isToken('sl', token) ? await findStaffLink(db, hashToken(token), visit.now) : undefined
      if (link?.kind !== 'invitation') return refuse(visit, 'link_over')
      return await begin(visit, { kind: 'accept', linkHash: link.hash }, returnPathOf(null))
    },
    BEGINS,
  )
  pages.get('/staff/sso', async (visit) => {
    const who = await currentStaff(db, visit)
    if (who === undefined) return toSignIn('/staff/sso')
    const found = await findSingleSignOn(db)
    const issuer = found?.issuer ?? null
    const isConnected = issuer !== null && (await subjectOf(db, who.session.staffId, issuer)) !== undefined
    const isTester = permissionsOf(who.member.role).has('staff:write')
    return { page: ownConnectionPage(pages, visit, { issuer, isConnected, isTester }) }
  })
  pages.post(
    '/staff/sso/connect',
    () => ABOUT_SSO_CONNECT,
    async (visit) => {
      const who = await currentStaff(db, visit)
      if (who === undefined) return toSignIn('/staff/sso')
      // It is one more way to sign in as this member.
      const { provenAt } = latestProofOf(who.enrolled, who.session.provenAt)
      if (!isFresh(provenAt, visit.now)) return { goTo: pages.at('/staff/confirm?return_to=/staff/sso') }
      return await begin(visit, { kind: 'connect', sessionId: who.session.id }, '/staff/sso')
    },
    BEGINS,
  )
  pages.get('/staff/sso/confirm', async (visit) => {
    const returnTo = returnPathOf(visit.query.get('return_to'))
    const who = await currentStaff(db, visit)
    if (who === undefined) return toSignIn(returnTo)
    const isRequired = (await ssoOfferOf(db)) === 'required'
    if (!who.enrolled.includes('sso'))
      return isRequired
        ? refuse(visit, 'passwords_refused')
        : { goTo: pages.at(`/staff/confirm?with=password&return_to=${encodeURIComponent(returnTo)}`) }
    const hasPassword = who.enrolled.includes('password') && !isRequired
    return { page: ssoConfirmPage(pages, visit, { returnTo, hasPassword }) }
  })
  pages.post(
    '/staff/sso/confirm',
    () => ABOUT_SSO_CONFIRM,
    async (visit, fields) => {
      const returnTo = returnPathOf(fields.get('return_to'))
      const who = await currentStaff(db, visit)
      if (who === undefined) return toSignIn(returnTo)
      return await begin(visit, { kind: 'confirm', sessionId: who.session.id }, returnTo)
    },
    BEGINS,
  )
  pages.get(CALLBACK_PATH, finish)

  function toSignIn(returnTo: string): Answer {
    return { goTo: pages.at(`/staff/sign-in?return_to=${encodeURIComponent(returnTo)}`) }
  }

  /** Begins a sign-in at the provider in this browser. */
  async function begin(visit: Visit, purpose: SsoPurpose, returnTo: string): Promise<Answer> {
    if (starts.count(visit.ip) !== null) return refuse(visit, 'too_many')
    const called = calledOf(await findSingleSignOn(db))
    if (!called.ok) return refuse(visit, called.no)
    const token = mintToken('sf').reveal()
    const secrets = secretsOf(token)
    const maxAgeSeconds = maxAgeOf(purpose)
    const url = await provider.authorizationUrl(called.value, { redirectUri, secrets, maxAgeSeconds })
    if (!url.ok) return refuse(visit, url.no.reason, url.no.why)
    const { version } = called.value
    const hashes = { hash: hashToken(token), stateHash: hashToken(secrets.state) }
    await insertFlow(db, hashes, { version, purpose, returnTo, createdAt: visit.now })
    visit.setCookie('sso', token)
    return { goTo: url.value }
  }

  function calledOf(found: SingleSignOn | undefined): Result<CalledProvider, SsoRefusal> {
    if (found === undefined) return no('off')
    const { version, issuer, clientId, sealedClientSecret } = found
    const called = { version, issuer, clientId }
    if (sealedClientSecret === null) return yes({ ...called, clientSecret: null })
    const opened = unseal(sealKey, sealedClientSecret, contextOfSecret(found))
    return opened === null ? no('unreadable_secret') : yes({ ...called, clientSecret: new Secret(opened) })
  }

  /** Takes the provider's answer. The flow is spent first: of an answer that is sent twice, one is looked at. */
  async function finish(visit: Visit): Promise<Answer> {
    const token = visit.cookie('sso') ?? ''
    const state = visit.query.get('state') ?? ''
    const flow = isToken('sf', token)
      ? await spendFlow(db, { hash: hashToken(token), stateHash: hashToken(state) }, visit.now)
      : undefined
    if (flow === undefined) return await refuseAnswer(visit, 'flow_over')
    visit.setCookie('sso', null)
    const called = calledOf(await findSingleSignOn(db))
    if (!called.ok) return await refuseAnswer(visit, called.no)
    if (called.value.version !== flow.version) return await refuseAnswer(visit, 'off')
    const answer = new URL(`${redirectUri}?${visit.query}`)
    const proven = await provider.redeem(called.value, answer, secretsOf(token))
    if (!proven.ok) return await refuseAnswer(visit, proven.no.reason, proven.no.why)
    const arrived = await arrivedOf(flow, proven.value)
    if (!arrived.ok) return await refuseAnswer(visit, arrived.no.reason, arrived.no.why)
    const done = await admit(visit, flow, arrived.value)
    return done.ok ? done.value : await refuseAnswer(visit, done.no)
  }

  /** Asks for the profile only where a member may be made: it is another request to the provider. */
  async function arrivedOf({ purpose }: SsoFlow, { profile, ...person }: ProvenPerson) {
    const mayMake =
      purpose.kind === 'accept' ||
      (purpose.kind === 'sign_in' && (await staffOfIdentity(db, person)) === undefined)
    if (!mayMake) return yes<Arrived>({ person, profile: null })
    const read = await profile()
    return read.ok ? yes<Arrived>({ person, profile: read.value }) : read
  }

  async function admit(visit: Visit, flow: SsoFlow, arrived: Arrived): Promise<Result<Answer, SsoRefusal>> {
    const { purpose, returnTo } = flow
    switch (purpose.kind) {
      case 'sign_in': {
        const done = await transact(db, (tx) => signInBySso(tx, visit, flow, arrived))
        return done.ok ? yes(leadBack(leadOn(parts, visit, done.value, returnTo))) : done
      }
      case 'accept': {
        const { linkHash } = purpose
        const done = await transact(db, (tx) => acceptBySso(tx, visit, flow, linkHash, arrived))
        return done.ok ? yes(leadBack(leadOn(parts, visit, done.value, returnTo))) : done
      }
      case 'confirm': {
        const { sessionId } = purpose
        const done = await transact(db, (tx) => confirmBySso(tx, visit, flow, sessionId, arrived))
        if (!done.ok) return done
        visit.setCookie('staff', done.value)
        return yes(leadBack({ goTo: pages.at(returnTo) }))
      }
      case 'connect': {
        const { sessionId } = purpose
        const done = await transact(db, (tx) => connectBySso(tx, visit, flow, sessionId, arrived))
        if (!done.ok) return done
        const { token } = done.value
        if (token !== null) visit.setCookie('staff', token)
        return yes({ page: connectedPage(pages, { statesAuthTime: token !== null }) })
      }
    }
  }

  /** The dashboard's page needs no cookie, and its requests are our own. Other pages need one. */
  function leadBack(answer: Answer): Answer {
    const isElsewhere = 'goTo' in answer && !answer.goTo.startsWith(pages.at(DASHBOARD))
    return isElsewhere ? { page: continuePage(answer.goTo) } : answer
  }

  async function refuseAnswer(visit: Visit, refusal: SsoRefusal, why?: string): Promise<Answer> {
    await refusedAttempts.record(originOfVisit(visit, null), REFUSED)
    return refuse(visit, refusal, why)
  }

  function refuse(visit: Visit, refusal: SsoRefusal, why?: string): Answer {
    const fields = { request_id: visit.requestId, ip: visit.ip, reason: refusal }
    log.warn({ ...fields, ...(why === undefined ? {} : { why }) }, 'single sign-on refused')
    return { failure: failureOf(refusal, html`<p><a href="${pages.at('/staff/sign-in')}">Sign in</a></p>`) }
  }
}
