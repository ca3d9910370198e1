import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { TestApp } from '../../../test/app.ts'
import { type CookieJar, hiddenFields, openJar } from '../../../test/cookie-jar.ts'
import { openListening } from '../../../test/sign-in.ts'
import { staffHeaders } from '../../../test/staff.ts'
import { codeAt, enrolApp, joinStaff, sendCode, sendPassword } from '../../../test/staff-browser.ts'
import { systemOrigin } from '../../audit/audit-event.ts'
import { makeStaffLink, pathOfLink } from '../make-staff-link.ts'

describe('second factors that members manage and administrators reset', () => {
  let app: TestApp
  let origin: string
  before(async () => {
    const opened = await openListening()
    app = opened.app
    origin = opened.origin
  })
  after(() => app.close())

  const tokenOf = (jar: CookieJar) => jar.cookies.get('doorward-staff') ?? ''
  const session = async (jar: CookieJar) =>
    await app.call('GET', '/v1/session', undefined, { as: null, headers: staffHeaders(tokenOf(jar)) })
  const nextStep = () => app.clock.advance({ seconds: 30 })
  const actionsOf = async (id: string): Promise<string[]> => {
    const { body } = await app.call('GET', `/v1/audit-events?actor_id=${id}`)
    return body.data.map((each: { action: string }) => each.action)
  }
  const signIn = (email: string, code: string, kind?: 'recovery_code') => sendCode(origin, email, code, kind)

  it('CON-12 CON-13: manages own factors with a fresh proof, and signs out everywhere else', async () => {
    const { jar, email, id } = await joinStaff(app, origin, 'viewer', 'hal@example.com')
    const { secret } = await enrolApp(app, jar)
    nextStep()
    const { jar: second } = await signIn(email, codeAt(secret, app.clock.now()))
    const own = await jar.get('/staff/factors')
    const fields = hiddenFields(own.text)
    const renamed = await jar.post('/staff/factors/rename', { ...fields, name: 'Old phone' })
    assert.equal(renamed.status, 303)
    assert.match((await jar.get('/staff/factors')).text, /Old phone/)
    assert.equal((await jar.post('/staff/factors/rename', { ...fields, name: '\u202ephone' })).status, 422)
    assert.equal(
      (await jar.post('/staff/factors/rename', { ...fields, id: 'fac_other', name: 'x' })).status,
      404,
    )
    assert.equal((await jar.post('/staff/factors/remove', { ...fields, id: 'fac_other' })).status, 404)
    // A form of another session acts for nobody.
    assert.equal((await second.post('/staff/factors/remove', fields)).status, 403)

    app.clock.advance({ seconds: 901 })
    for (const path of ['/staff/factors/remove', '/staff/factors/recovery-codes']) {
      const stale = await jar.post(path, fields)
      assert.match(stale.location ?? '', /^\/staff\/confirm\?return_to=/)
    }
    assert.match((await jar.get('/staff/factors/app')).location ?? '', /^\/staff\/confirm\?/)
    const page = await jar.get('/staff/confirm/code?return_to=/staff/factors')
    await jar.submit(page, { code: codeAt(secret, app.clock.now()) })

    const moved = await enrolApp(app, jar)
    assert.deepEqual([moved.page.status, moved.codes], [303, []])
    assert.equal((await session(second)).status, 401)
    nextStep()
    assert.equal((await signIn(email, codeAt(secret, app.clock.now()))).done.status, 401)
    const { jar: third } = await signIn(email, codeAt(moved.secret, app.clock.now()))
    const now = hiddenFields((await jar.get('/staff/factors')).text)
    assert.equal((await jar.post('/staff/factors/remove', now)).status, 303)
    assert.equal((await session(third)).status, 401)
    assert.deepEqual((await session(jar)).body.factors.enrolled, ['password'])
    assert.equal((await sendPassword(origin, email)).answer.location, '/dashboard')
    const left = await app.db
      .selectFrom('staff_recovery_codes')
      .selectAll()
      .where('staff_id', '=', id)
      .execute()
    assert.deepEqual(left, [])
    const actions = await actionsOf(id)
    for (const action of ['staff_factor.enrolled', 'staff_factor.renamed', 'staff_factor.removed'])
      assert.ok(actions.includes(action), action)
  })

  it('CON-08 CON-14: a new password or a reset by an administrator ends sign-ins under way; the password alone skips no factor', async () => {
    const { jar, email, id } = await joinStaff(app, origin, 'support', 'ida@example.com')
    const { secret } = await enrolApp(app, jar)
    nextStep()
    const half = await sendPassword(origin, email)
    const page = await half.jar.get('/staff/second-factor')
    const { token } = await app.db
      .transaction()
      .execute((tx) => makeStaffLink(tx, systemOrigin(app.clock.now()), { kind: 'password', staffId: id }))
    const fresh = openJar(origin)
    const set = await fresh.submit(await fresh.get(pathOfLink(token)), { password: 'two brown owls tap' })
    assert.equal(set.location, '/staff/second-factor')
    assert.equal((await half.jar.submit(page, { code: codeAt(secret, app.clock.now()) })).status, 401)
    const step = await fresh.get('/staff/second-factor')
    assert.equal((await fresh.submit(step, { code: codeAt(secret, app.clock.now()) })).status, 303)

    const admin = await joinStaff(app, origin, 'administrator', 'jo@example.com')
    const as = () => ({ as: null, headers: staffHeaders(tokenOf(admin.jar)) })
    const waiting = await sendPassword(origin, email)
    const waitingPage = await waiting.jar.get('/staff/second-factor')
    assert.equal(
      (await app.call('POST', `/v1/staff/${admin.id}/reset-factors`, {}, as())).body.code,
      'own_account',
    )
    const narrow = await app.adminKeyWith(['staff:write', 'staff:read'])
    const { body: beyond } = await app.call('POST', `/v1/staff/${id}/reset-factors`, {}, { as: narrow })
    assert.equal(beyond.code, 'exceeds_authority')
    const done = await app.call('POST', `/v1/staff/${id}/reset-factors`, {}, as())
    assert.deepEqual([done.status, done.body.factors], [200, ['password']])
    assert.equal((await app.call('POST', `/v1/staff/${id}/reset-factors`, {}, as())).status, 200)
    assert.equal((await session(fresh)).status, 401)
    nextStep()
    assert.equal(
      (await waiting.jar.submit(waitingPage, { code: codeAt(secret, app.clock.now()) })).status,
      401,
    )
    assert.equal((await sendPassword(origin, email)).answer.location, '/dashboard')
    const { body } = await app.call('GET', `/v1/audit-events?target_id=${id}&action=staff_factors.reset`)
    assert.deepEqual(
      body.data.map(({ detail }: { detail: { kinds: string[] } }) => detail.kinds),
      [['totp']],
    )
  })

  it('STO-02: keeps a secret to its row and to the server secret', async () => {
    const { jar, email, id } = await joinStaff(app, origin, 'viewer', 'lea@example.com')
    const { secret, codes } = await enrolApp(app, jar)
    const victim = await joinStaff(app, origin, 'viewer', 'lou@example.com')
    await enrolApp(app, victim.jar)
    const { sealed_secret } = await app.db
      .selectFrom('staff_totp')
      .select('sealed_secret')
      .where('staff_id', '=', id)
      .executeTakeFirstOrThrow()
    await app.db.updateTable('staff_totp').set({ sealed_secret }).where('staff_id', '=', victim.id).execute()
    nextStep()
    const moved = await signIn(victim.email, codeAt(secret, app.clock.now()))
    assert.equal(moved.done.status, 503)
    assert.match(app.log(), /the secret of an authenticator app cannot be read/)
    assert.equal((await signIn(email, codes[0] ?? '', 'recovery_code')).done.status, 303)
  })
})

describe('a second factor that is demanded of all staff', () => {
  it('CON-13: leads a member without one to enrol, and permits nothing else until then', async () => {
    const { app, origin } = await openListening({ requiresSecondFactor: true })
    const { jar, email } = await joinStaff(app, origin, 'administrator', 'ann@example.com')
    const headers = () => staffHeaders(jar.cookies.get('doorward-staff') ?? '')
    const call = async (method: string, url: string, body?: unknown) =>
      await app.call(method, url, body, { as: null, headers: headers() })
    const signedIn = await sendPassword(origin, email, '/dashboard/keys')
    assert.equal(signedIn.answer.location, '/staff/factors?return_to=%2Fdashboard%2Fkeys')
    const page = await signedIn.jar.follow(signedIn.answer)
    assert.match(page.text, /Everybody who works here needs a second factor/)
    for (const [method, url] of [
      ['GET', '/v1/keys'],
      ['GET', '/v1/audit-events'],
      ['GET', '/v1/staff'],
      ['POST', '/v1/keys'],
    ] as const)
      assert.equal(
        (await call(method, url, method === 'POST' ? {} : undefined)).body.code,
        'second_factor_required',
      )
    assert.equal((await call('GET', '/v1/session')).body.factors.must_enrol, true)

    const { secret } = await enrolApp(app, jar)
    assert.equal((await call('GET', '/v1/keys')).status, 200)
    assert.equal((await call('GET', '/v1/session')).body.factors.must_enrol, false)
    const own = await jar.get('/staff/factors')
    const kept = await jar.post('/staff/factors/remove', hiddenFields(own.text))
    assert.deepEqual([kept.status, /You need one second factor/.test(kept.text)], [422, true])
    app.clock.advance({ seconds: 30 })
    const again = await sendPassword(origin, email, '/dashboard/keys')
    const step = await again.jar.get('/staff/second-factor')
    const done = await again.jar.submit(step, { code: codeAt(secret, app.clock.now()) })
    assert.equal(done.location, '/dashboard/keys')
    // Admin keys are programs: they have no second factor.
    assert.equal((await app.call('GET', '/v1/keys')).status, 200)
    await app.close()
  })
})
