import assert from 'node:assert/strict'
import { after, before, describe, it, mock } from 'node:test'
import type { TestApp } from '../../../test/app.ts'
import { type CookieJar, type JarAnswer, openJar, withForm } from '../../../test/cookie-jar.ts'
import {
  type Account,
  CLIENT,
  openIdentityProvider,
  type ProviderBrowser,
  type TestIdentityProvider,
} from '../../../test/identity-provider.ts'
import { openListening } from '../../../test/sign-in.ts'
import { type SignedInStaff, staffAs, staffHeaders } from '../../../test/staff.ts'
import { systemOrigin } from '../../audit/audit-event.ts'
import { pathOfLink } from '../make-staff-link.ts'
import { makeLinkFor } from '../staff-command.ts'

const PASSWORD = 'two brown owls tap'
const SSO = '/v1/single-sign-on'
const provider = await openIdentityProvider('http://doorward.test/staff/sso/callback')
if (provider === null) it('single sign-on', { skip: 'NO OPENSSL to make a certificate with' })

describe('single sign-on, with a real provider', { skip: provider === null }, () => {
  const { issuer, browser, fetch, close } = provider as TestIdentityProvider
  let app: TestApp
  let origin: string
  let ann: SignedInStaff
  before(async () => {
    const opened = await openListening({}, 0, { providerFetch: fetch })
    app = opened.app
    origin = opened.origin
    // The provider and the client read the clock of the machine.
    mock.timers.enable({ apis: ['Date'], now: app.clock.nowMs() })
    ann = await staffAs(app, 'administrator', { email: 'ann@example.com' })
  })
  after(async () => {
    mock.timers.reset()
    await app.close()
    close()
  })

  const pass = (seconds: number) => {
    app.clock.advance({ seconds })
    mock.timers.setTime(app.clock.nowMs())
  }
  const set = (more: object = {}, as = ann.as) =>
    app.call('PUT', SSO, { issuer, ...CLIENT, domains: ['Example.com'], ...more }, as)
  const provide = async () => (await app.call('GET', SSO, undefined, ann.as)).body.provider
  const jarOf = (member: Pick<SignedInStaff, 'token'>) => {
    const jar = openJar(origin)
    jar.cookies.set('doorward-staff', member.token)
    return jar
  }
  const send = (jar: CookieJar, page: JarAnswer, path: string) => jar.submit(withForm(page, path), {})
  /** From the sign-in page through the provider and back. */
  const signIn = async (jar: CookieJar, at: ProviderBrowser, path = '/staff/sso') => {
    const page = await jar.get(path === '/staff/sso' ? '/staff/sign-in' : path)
    const begun = await send(jar, page, path)
    assert.equal(begun.status, 303, begun.text)
    return await jar.get(await at.follow(begun.location ?? ''))
  }
  const who = async (jar: CookieJar) => {
    const headers = staffHeaders(jar.cookies.get('doorward-staff') ?? '')
    return (await app.call('GET', '/v1/session', undefined, { as: null, headers })).body
  }
  /** Connects a member's account at the page for that. */
  const connect = async (jar: CookieJar, account: Account) => {
    const at = browser(account)
    const begun = await send(jar, await jar.get('/staff/sso'), '/staff/sso/connect')
    assert.equal(begun.status, 303, begun.text)
    if (!begun.location?.startsWith(issuer)) return begun
    return await jar.get(await at.follow(begun.location))
  }
  const actions = async (targetId: string) =>
    (await app.call('GET', `/v1/audit-events?target_id=${targetId}&limit=20`)).body.data.map(
      (each: { action: string }) => each.action,
    )

  it('CRY-04: keeps the client secret sealed, and never returns it', async () => {
    const off = await openJar(origin).get('/staff/sign-in')
    assert.doesNotMatch(off.text, /single sign-on/)
    const made = await set()
    assert.equal(made.status, 200, made.text)
    assert.deepEqual(made.body.provider, {
      issuer,
      client_id: 'doorward',
      has_client_secret: true,
      domains: ['example.com'],
      default_role: 'viewer',
      changed_at: app.clock.now().toISOString(),
      tested_at: null,
      tested_by: null,
      states_auth_time: null,
      required_since: null,
    })
    assert.equal(made.body.redirect_uri, 'http://doorward.test/staff/sso/callback')
    const rows = JSON.stringify(await app.db.selectFrom('single_sign_on').selectAll().execute())
    const events = JSON.stringify(await app.db.selectFrom('audit_events').selectAll().execute())
    for (const text of [rows, events, app.log(), made.text])
      assert.ok(
        !text.includes(CLIENT.client_secret) &&
          !text.includes(Buffer.from(CLIENT.client_secret).toString('hex')),
      )
  })

  it('MGT-06: is set by members who may change staff, with a fresh proof, and gives no role beyond theirs', async () => {
    const viewer = await staffAs(app, 'viewer')
    assert.equal((await app.call('GET', SSO, undefined, viewer.as)).status, 403)
    assert.equal((await set({}, viewer.as)).status, 403)
    const as = { as: await app.adminKeyWith(['staff:read', 'staff:write']) }
    assert.equal((await set({ default_role: 'viewer' }, as as never)).body.code, 'exceeds_authority')
    assert.equal((await set({ default_role: 'administrator' })).status, 400)
    const late = await staffAs(app, 'administrator')
    pass(901)
    for (const [method, url] of [
      ['PUT', SSO],
      ['POST', `${SSO}/remove`],
      ['POST', `${SSO}/require`],
      ['POST', `${SSO}/stop-requiring`],
      ['POST', `/v1/staff/${viewer.id}/unlink`],
    ] as const) {
      const body = method === 'PUT' ? { issuer, ...CLIENT } : undefined
      assert.equal((await app.call(method, url, body, late.as)).body.code, 'fresh_proof_required', url)
    }
    ann = await staffAs(app, 'administrator', { email: 'ann2@example.com' })
  })

  it('CON-22: refuses a person who is not linked, whether the address is a member’s or is not verified', async () => {
    const rows: [title: string, account: Account][] = [
      ['address_taken', { sub: 'eve', email: 'ann@example.com', email_verified: true }],
      ['not_linked', { sub: 'eve', email: 'new@example.com', email_verified: false }],
      ['not_linked', { sub: 'eve', email: 'new@example.com' }],
      ['not_linked', { sub: 'eve', email: 'new@elsewhere.example', email_verified: true }],
      ['not_linked', { sub: 'eve', email: 'new@example.com.evil.example', email_verified: true }],
      ['not_linked', { sub: 'eve', email: 'a@example.com@evil.example', email_verified: true }],
      ['not_linked', { sub: 'eve' }],
    ]
    for (const [code, account] of rows) {
      const jar = openJar(origin)
      const done = await signIn(jar, browser(account))
      assert.deepEqual([done.status, done.text.includes(`<code>${code}</code>`)], [403, true], code)
      assert.equal(jar.cookies.get('doorward-staff'), undefined)
    }
    const known = await app.db.selectFrom('staff_identities').selectAll().execute()
    assert.deepEqual(known, [])
  })

  it('CON-22: makes a member of a verified address in a domain, and knows the person by the subject afterwards', async () => {
    const jar = openJar(origin)
    const bo = { sub: 'bo', email: 'Bo@Example.com', email_verified: true, name: 'Bo\u0000 <b>' }
    const done = await signIn(jar, browser(bo))
    assert.deepEqual([done.status, done.location], [303, '/dashboard'], done.text)
    assert.match(
      done.headers.getSetCookie().join(),
      /doorward-staff=st_\w+; Path=\/; HttpOnly; SameSite=Strict/,
    )
    const first = await who(jar)
    assert.deepEqual(
      [
        first.staff.email,
        first.staff.name,
        first.staff.role,
        first.factors.enrolled,
        first.factors.strongest,
      ],
      ['bo@example.com', 'Bo <b>', 'viewer', ['sso'], 'sso'],
    )
    assert.equal(first.factors.proven_at.sso, app.clock.now().toISOString())
    assert.deepEqual((await actions(first.staff.id)).toSorted(), ['staff.created', 'staff_identity.linked'])
    const again = openJar(origin)
    await signIn(again, browser({ sub: 'bo', email: 'ann@example.com', email_verified: true }))
    assert.equal((await who(again)).staff.id, first.staff.id)
    // Two first sign-ins of one person at once make one member.
    const di = { sub: 'di', email: 'di@example.com', email_verified: true }
    const both = [openJar(origin), openJar(origin)]
    await Promise.all(both.map((each) => signIn(each, browser(di))))
    const [one, other] = await Promise.all(both.map(who))
    assert.equal(one.staff.id, other.staff.id)
  })

  it('CON-12: refuses a disabled and a removed member, and makes no new member of a removed one', async () => {
    const jar = openJar(origin)
    const cy = { sub: 'cy', email: 'cy@example.com', email_verified: true }
    await signIn(jar, browser(cy))
    const { id } = (await who(jar)).staff
    const refused = async (account: Account) => {
      const done = await signIn(openJar(origin), browser(account))
      assert.match(done.text, /<code>ended_member<\/code>/)
    }
    await app.call('POST', `/v1/staff/${id}/disable`, { reason: 'on leave' }, ann.as)
    assert.equal((await who(jar)).code, 'invalid_token')
    await refused(cy)
    await app.call('POST', `/v1/staff/${id}/enable`, {}, ann.as)
    await app.call('POST', `/v1/staff/${id}/remove`, { reason: 'left' }, ann.as)
    await refused(cy)
    await refused({ ...cy, sub: 'another account of the same address' })
  })

  it('CON-08: accepts an invitation in place of a password, once, with the address and role of the link', async () => {
    const invite = async (email: string) => {
      const { body } = await app.call('POST', '/v1/staff-invitations', { email, role: 'security' }, ann.as)
      return new URL(body.url).pathname + new URL(body.url).search
    }
    // Whom an administrator has removed can be invited again.
    const path = await invite('cy@other.example')
    const accept = async (at: ProviderBrowser, from = path) => {
      const jar = openJar(origin)
      const begun = await send(jar, await jar.get(from), '/staff/sso/accept')
      return { jar, done: await jar.get(await at.follow(begun.location ?? '')) }
    }
    const { jar, done } = await accept(browser({ sub: 'cy', email: 'other@evil.example' }))
    assert.deepEqual([done.status, done.location], [303, '/dashboard'], done.text)
    const { staff } = await who(jar)
    assert.deepEqual([staff.email, staff.role], ['cy@other.example', 'security'])
    assert.equal((await openJar(origin).get(path)).status, 400)
    const taken = await accept(browser({ sub: 'cy' }), await invite('dan@other.example'))
    assert.match(taken.done.text, /<code>identity_taken<\/code>/)
    // A refusal leaves the link unspent; of racing people one is let in.
    const race = await invite('ed@other.example')
    const racing = await Promise.all(['ed', 'fay'].map((sub) => accept(browser({ sub }), race)))
    assert.deepEqual(racing.map((each) => each.done.status).toSorted(), [303, 400])
  })

  it('CON-09 CON-22: binds a flow to one browser, once, for ten minutes', async () => {
    const begin = async () => {
      const jar = openJar(origin)
      const begun = await send(jar, await jar.get('/staff/sign-in'), '/staff/sso')
      return { jar, begun, back: () => browser({ sub: 'bo' }).follow(begun.location ?? '') }
    }
    const { jar, begun, back } = await begin()
    const asked = new URL(begun.location ?? '').searchParams
    assert.deepEqual([asked.get('code_challenge_method'), asked.get('response_type')], ['S256', 'code'])
    assert.match(
      begun.headers.getSetCookie().join(),
      /doorward-sso=sf_\w+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600/,
    )
    const stored = JSON.stringify(await app.db.selectFrom('sso_flows').selectAll().execute())
    for (const name of ['state', 'nonce']) assert.ok(!stored.includes(asked.get(name) ?? ''))
    const answer = await back()
    const over = async (other: CookieJar, path: string) => {
      const done = await other.get(path)
      assert.deepEqual([done.status, done.text.includes('<code>flow_over</code>')], [400, true])
      assert.equal(other.cookies.get('doorward-staff'), undefined)
    }
    await over(openJar(origin), answer)
    await over((await begin()).jar, answer)
    await over(jar, answer.replace(/state=[^&]+/, 'state=x'))
    assert.equal((await jar.get(answer)).status, 303)
    jar.cookies.delete('doorward-staff')
    jar.cookies.set(
      'doorward-sso',
      begun.headers
        .getSetCookie()
        .join()
        .match(/sf_\w+/)?.[0] ?? '',
    )
    await over(jar, answer)
    const late = await begin()
    const lateAnswer = await late.back()
    pass(601)
    await over(late.jar, lateAnswer)
    const wrong = await begin()
    const other = (await wrong.back()).replace(/iss=[^&]+/, 'iss=https%3A%2F%2Fevil.example')
    assert.match((await wrong.jar.get(other)).text, /<code>answer<\/code>/)
    const denied = await begin()
    const state = new URL(denied.begun.location ?? '').searchParams.get('state')
    const no = `/staff/sso/callback?error=access_denied&state=${state}&iss=${encodeURIComponent(issuer)}`
    assert.match((await denied.jar.get(no)).text, /<code>denied<\/code>/)
  })

  it('WEB-05: begins nothing for a form of another site', async () => {
    const jar = openJar(origin)
    const page = await jar.get('/staff/sign-in')
    assert.equal((await send(openJar(origin), page, '/staff/sso')).status, 403)
    assert.equal((await jar.get('/staff/sso')).location, '/staff/sign-in?return_to=%2Fstaff%2Fsso')
  })

  it('CON-13: asks the provider for a new sign-in before dangerous operations, and looks at auth_time', async () => {
    const jar = openJar(origin)
    const at = browser({ sub: 'gil', email: 'gil@example.com', email_verified: true })
    await signIn(jar, at)
    const { staff } = await who(jar)
    await app.call('PATCH', `/v1/staff/${staff.id}`, { role: 'administrator' }, ann.as)
    const create = async () => {
      const headers = staffHeaders(jar.cookies.get('doorward-staff') ?? '')
      const key = { name: 'a', permissions: ['verify'] }
      return await app.call('POST', '/v1/admin-keys', key, { as: null, headers })
    }
    assert.equal((await create()).status, 201)
    pass(901)
    assert.equal((await create()).body.code, 'fresh_proof_required')
    // The provider's own session is no fresh proof.
    const other = openJar(origin)
    await signIn(other, at)
    assert.equal(at.timesAsked, 1)
    assert.equal(
      (await who(other)).factors.proven_at.sso,
      new Date(app.clock.nowMs() - 901_000).toISOString(),
    )

    const before = jar.cookies.get('doorward-staff') ?? ''
    const to = await jar.get('/staff/confirm?return_to=/dashboard/admin-keys')
    assert.equal(to.location, '/staff/sso/confirm?return_to=%2Fdashboard%2Fadmin-keys')
    const confirm = async (as: ProviderBrowser) => {
      const begun = await send(jar, await jar.get(to.location ?? ''), '/staff/sso/confirm')
      const cookie = jar.cookies.get('doorward-staff') ?? ''
      // A strict cookie does not come with a redirect that another site began.
      jar.cookies.delete('doorward-staff')
      const done = await jar.get(await as.follow(begun.location ?? ''))
      if (!jar.cookies.has('doorward-staff')) jar.cookies.set('doorward-staff', cookie)
      return done
    }
    const bo = await confirm(browser({ sub: 'bo' }))
    assert.match(bo.text, /<code>other_person<\/code>/)
    const done = await confirm(at)
    assert.deepEqual(
      [done.status, done.location, at.timesAsked],
      [303, '/dashboard/admin-keys', 2],
      done.text,
    )
    assert.equal((await create()).status, 201)
    const old = await app.call('GET', '/v1/session', undefined, { as: null, headers: staffHeaders(before) })
    assert.equal(old.status, 401)
  })

  it('CON-13: can be required only after an administrator has signed in by it, and then refuses passwords', async () => {
    const requireIt = (as = ann.as) => app.call('POST', `${SSO}/require`, undefined, as)
    ann = await staffAs(app, 'administrator', { email: 'ann3@example.com' })
    assert.equal((await requireIt()).body.code, 'sso_not_tested')
    const jar = jarOf(ann)
    const page = await jar.get('/staff/sso')
    assert.match(page.text, /is not connected/)
    const taken = await connect(jarOf(ann), { sub: 'bo' })
    assert.match(taken.text, /<code>identity_taken<\/code>/)
    const done = await connect(jar, { sub: 'ann' })
    assert.match(done.text, /Single sign-on works/)
    ann = { ...ann, as: { as: null, headers: staffHeaders(jar.cookies.get('doorward-staff') ?? '') } }
    assert.deepEqual([(await provide()).tested_by, (await provide()).states_auth_time], [ann.id, true])
    // One administrator's test locks another one out, who is not connected.
    const al = await staffAs(app, 'administrator')
    assert.equal((await requireIt(al.as)).body.code, 'sso_not_tested')
    const link = await makeLinkFor(app.db, systemOrigin(app.clock.now()), al.email)
    assert.ok(link.ok)
    const [welcome, before] = [openJar(origin), openJar(origin)]
    await welcome.submit(await welcome.get(pathOfLink(link.value)), { password: PASSWORD })
    const form = withForm(await before.get('/staff/sign-in'))
    assert.match(form.text, /name="password"/)

    const required = await requireIt()
    assert.equal(required.body.provider.required_since, app.clock.now().toISOString())
    assert.equal((await who(welcome)).code, 'invalid_token')
    assert.equal((await who(jar)).staff.id, ann.id)
    const refused = await before.submit(form, { email: al.email, password: PASSWORD })
    assert.equal(refused.status, 403)
    assert.doesNotMatch(refused.text, /name="password"/)
    assert.equal(before.cookies.get('doorward-staff'), undefined)
    assert.doesNotMatch((await openJar(origin).get('/staff/sign-in')).text, /name="password"/)
    for (const more of [{ client_secret: 'b' }, { client_id: 'other' }, { client_secret: null }])
      assert.equal((await set(more)).body.code, 'sso_required')
    assert.equal((await app.call('POST', `${SSO}/remove`, undefined, ann.as)).body.code, 'sso_required')
    const kept = await app.call('PUT', SSO, { issuer, client_id: 'doorward', domains: [] }, ann.as)
    assert.deepEqual([kept.status, kept.body.provider.tested_by], [200, ann.id])
    assert.equal((await signIn(openJar(origin), browser({ sub: 'bo' }))).status, 303)
  })

  it('CON-14: while required, accepts a sign-in link of the command line, whose session has full permissions for 15 minutes', async () => {
    const bo = await staffAs(app, 'administrator', { email: 'lost@example.com', proven: [] })
    const link = await makeLinkFor(app.db, systemOrigin(app.clock.now()), bo.email)
    assert.ok(link.ok)
    const jar = openJar(origin)
    const done = await jar.submit(await jar.get(pathOfLink(link.value)), { password: PASSWORD })
    assert.equal(done.status, 303)
    const as = { as: null, headers: staffHeaders(jar.cookies.get('doorward-staff') ?? '') }
    const invited = await app.call(
      'POST',
      '/v1/staff-invitations',
      { email: 'hal@example.com', role: 'viewer' },
      as,
    )
    const welcome = openJar(origin)
    const page = await welcome.get(new URL(invited.body.url).pathname + new URL(invited.body.url).search)
    assert.doesNotMatch(page.text, /name="password"/)
    assert.match(page.text, /action="\/staff\/sso\/accept"/)
    pass(901)
    const stop = () => app.call('POST', `${SSO}/stop-requiring`, undefined, as)
    assert.equal((await stop()).body.code, 'fresh_proof_required')
    const again = await makeLinkFor(app.db, systemOrigin(app.clock.now()), bo.email)
    assert.ok(again.ok)
    await jar.submit(await jar.get(pathOfLink(again.value)), { password: PASSWORD })
    as.headers = staffHeaders(jar.cookies.get('doorward-staff') ?? '')
    assert.equal((await stop()).body.provider.required_since, null)
    assert.ok((await actions('single_sign_on')).includes('single_sign_on.released'))
    const back = openJar(origin)
    const form = withForm(await back.get('/staff/sign-in'))
    const signedIn = await back.submit(form, { email: bo.email, password: PASSWORD })
    assert.equal(signedIn.status, 303, signedIn.text)
    assert.equal((await app.call('POST', `${SSO}/remove`, undefined, as)).status, 204)
    assert.equal(await provide(), null)
  })
})
