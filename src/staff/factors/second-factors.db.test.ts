import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { openSecondNode, type TestApp } from '../../../test/app.ts'
import { type CookieJar, hiddenFields, type JarAnswer, openJar } from '../../../test/cookie-jar.ts'
import { openListening } from '../../../test/sign-in.ts'
import { staffHeaders } from '../../../test/staff.ts'
import {
  codeAt,
  codesOn,
  enrolApp,
  joinStaff,
  secretOn,
  sendCode,
  sendPassword,
} from '../../../test/staff-browser.ts'

describe('authenticator apps and recovery codes of staff', () => {
  let app: TestApp
  let origin: string
  let second: FastifyInstance
  let secondOrigin: string
  before(async () => {
    const opened = await openListening()
    app = opened.app
    origin = opened.origin
    second = await openSecondNode(app)
    secondOrigin = await second.listen({ port: 0, host: '127.0.0.1' })
  })
  after(async () => {
    await second.close()
    await app.close()
  })

  const tokenOf = (jar: CookieJar) => jar.cookies.get('doorward-staff') ?? ''
  const session = async (jar: CookieJar) =>
    await app.call('GET', '/v1/session', undefined, { as: null, headers: staffHeaders(tokenOf(jar)) })
  const nextStep = () => app.clock.advance({ seconds: 30 })
  const dangerous = async (jar: CookieJar) =>
    await app.call(
      'POST',
      '/v1/staff-invitations',
      { email: 'new@example.com', role: 'viewer' },
      {
        as: null,
        headers: staffHeaders(tokenOf(jar)),
      },
    )
  const actionsOf = async (id: string): Promise<string[]> => {
    const { body } = await app.call('GET', `/v1/audit-events?actor_id=${id}`)
    return body.data.map((each: { action: string }) => each.action)
  }
  const signIn = (email: string, code: string, kind?: 'recovery_code') => sendCode(origin, email, code, kind)

  it('CON-07 STO-01: enrols an app by a QR code and a text secret, which is stored sealed and not shown again', async () => {
    const { id, jar, email } = await joinStaff(app, origin, 'administrator', 'ann@example.com')
    const other = await sendPassword(origin, email)
    assert.equal(other.answer.location, '/dashboard')

    const shown = await jar.get('/staff/factors/app')
    assert.doesNotMatch(shown.text, /<script/i)
    assert.match(shown.text, /<svg [^>]*role="img" aria-label="QR code/)
    const secret = secretOn(shown)
    assert.match(secret, /^[A-Z2-7]{32}$/)
    assert.notEqual(secretOn(await jar.get('/staff/factors/app')), secret)
    const wrong = await jar.submit(shown, { code: '000000' })
    assert.equal(wrong.status, 422)
    assert.equal(secretOn(wrong), secret)
    assert.deepEqual((await session(jar)).body.factors.enrolled, ['password'])

    const before = tokenOf(jar)
    const done = await jar.submit(wrong, { code: codeAt(secret, app.clock.now()), name: 'My phone' })
    assert.equal(done.status, 200)
    const codes = codesOn(done)
    assert.equal(new Set(codes).size, 10)
    assert.notEqual(tokenOf(jar), before)
    const { body } = await session(jar)
    assert.deepEqual([body.factors.enrolled, body.factors.strongest], [['password', 'totp'], 'totp'])
    assert.equal((await session(other.jar)).status, 401)

    const own = await jar.get('/staff/factors')
    assert.match(own.text, /My phone/)
    assert.match(own.text, /10 of 10 left/)
    for (const each of [secret, ...codes]) assert.ok(!own.text.includes(each))
    const rows = JSON.stringify([
      await app.db.selectFrom('staff_totp').selectAll().execute(),
      await app.db.selectFrom('staff_recovery_codes').selectAll().execute(),
      await app.db.selectFrom('audit_events').selectAll().execute(),
    ])
    for (const each of [secret, Buffer.from(secret).toString('base64'), ...codes])
      assert.ok(!rows.includes(each))
    assert.ok(!app.log().includes(secret))
    assert.deepEqual((await actionsOf(id)).slice(0, 2), [
      'staff_recovery_codes.created',
      'staff_factor.enrolled',
    ])
    assert.deepEqual((await app.call('GET', `/v1/staff/${id}`)).body.factors, ['password', 'totp'])
  })

  it('CON-07 CON-09: asks for a code after the password, and starts no session before it', async () => {
    const { jar: first, email } = await joinStaff(app, origin, 'administrator', 'bo@example.com')
    const { secret } = await enrolApp(app, first)
    nextStep()
    const { jar, answer } = await sendPassword(origin, email, '/dashboard/keys?state=live')
    assert.deepEqual([answer.status, answer.location], [303, '/staff/second-factor'])
    assert.match(
      answer.headers.get('set-cookie') ?? '',
      /^doorward-staff-sign-in=sc_\w+; Path=\/; HttpOnly; SameSite=Strict$/,
    )
    assert.equal(jar.cookies.get('doorward-staff'), undefined)
    const half = jar.cookies.get('doorward-staff-sign-in') ?? ''
    const tried = await app.call('GET', '/v1/session', undefined, { as: null, headers: staffHeaders(half) })
    assert.equal(tried.status, 401)
    assert.equal((await jar.get('/staff/factors')).location, '/staff/sign-in?return_to=%2Fstaff%2Ffactors')
    assert.equal((await openJar(origin).get('/staff/second-factor')).location, '/staff/sign-in')

    const page = await jar.get('/staff/second-factor')
    assert.doesNotMatch(page.text, /<script/i)
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/)
    const wrong = await jar.submit(page, { code: '12345' })
    assert.equal(wrong.status, 401)
    const code = codeAt(secret, app.clock.now())
    const done = await jar.submit(wrong, { code: `${code.slice(0, 3)} ${code.slice(3)}` })
    assert.deepEqual([done.status, done.location], [303, '/dashboard/keys?state=live'])
    const { body } = await session(jar)
    assert.deepEqual(
      Object.entries(body.factors.proven_at).flatMap(([factor, at]) => (at === null ? [] : [factor])),
      ['password', 'totp'],
    )
    // The second step is spent: back and again signs nobody in.
    jar.cookies.set('doorward-staff-sign-in', half)
    nextStep()
    assert.equal((await jar.submit(page, { code: codeAt(secret, app.clock.now()) })).status, 401)
    const late = await sendPassword(origin, email)
    const form = await late.jar.get('/staff/second-factor')
    app.clock.advance({ seconds: 600 })
    assert.equal((await late.jar.submit(form, { code: codeAt(secret, app.clock.now()) })).status, 401)
  })

  it('CON-07: accepts a code once, one step of clock skew, and no more', async () => {
    const { jar, email } = await joinStaff(app, origin, 'viewer', 'cy@example.com')
    const { secret } = await enrolApp(app, jar)
    const enrolledAt = app.clock.now()
    // The code that enrolled the app is spent, and so is the one before it.
    assert.equal((await signIn(email, codeAt(secret, enrolledAt))).done.status, 401)
    const at = (steps: number) => codeAt(secret, new Date(app.clock.now().getTime() + steps * 30_000))
    app.clock.advance({ seconds: 300 })
    assert.equal((await signIn(email, at(-2))).done.status, 401)
    assert.equal((await signIn(email, at(2))).done.status, 401)
    assert.equal((await signIn(email, at(-1))).done.status, 303)
    assert.equal((await signIn(email, at(-1))).done.status, 401)
    assert.equal((await signIn(email, at(1))).done.status, 303)
    // A later code spends those before it.
    assert.equal((await signIn(email, at(0))).done.status, 401)
  })

  it('CON-07: of racing sign-ins at two servers, one gets in with a code', async () => {
    const { jar, email } = await joinStaff(app, origin, 'viewer', 'di@example.com')
    const { secret, codes } = await enrolApp(app, jar)
    const race = async (code: string, path: string) => {
      const waiting = await Promise.all(
        [origin, secondOrigin, origin, secondOrigin].map(async (at) => {
          const { jar } = await sendPassword(at, email)
          return { jar, page: await jar.get(path) }
        }),
      )
      const done = await Promise.all(waiting.map(({ jar, page }) => jar.submit(page, { code })))
      return done.map(({ status }) => status).sort()
    }
    nextStep()
    assert.deepEqual(
      await race(codeAt(secret, app.clock.now()), '/staff/second-factor'),
      [303, 401, 401, 401],
    )
    assert.deepEqual(await race(codes[0] ?? '', '/staff/second-factor?with=recovery'), [303, 401, 401, 401])
    // The same sign-in, sent twice.
    nextStep()
    const { jar: twice } = await sendPassword(origin, email)
    const page = await twice.get('/staff/second-factor')
    const sent = [codes[1], codes[2]].map((code) => ({
      ...hiddenFields(page.text),
      kind: 'recovery_code',
      code,
    }))
    const done = await Promise.all(sent.map((fields) => twice.post('/staff/second-factor', fields as never)))
    assert.deepEqual(done.map(({ status }) => status).sort(), [303, 401])
  })

  it('CON-20 CON-07: leads a second tab on where the first has finished the sign-in, and tries no code of it', async () => {
    const { jar: own, email, id } = await joinStaff(app, origin, 'viewer', 'tabs@example.com')
    const { secret } = await enrolApp(app, own)
    nextStep()
    const { jar } = await sendPassword(origin, email, '/staff/factors')
    const first = await jar.get('/staff/second-factor')
    const late = await jar.get('/staff/second-factor')
    const code = codeAt(secret, app.clock.now())
    const beforeSignIn = openJar(origin)
    for (const [name, value] of jar.cookies) beforeSignIn.cookies.set(name, value)
    assert.equal((await jar.submit(first, { code })).location, '/staff/factors')
    app.clock.advance({ seconds: 120 })
    const done = await jar.submit(late, { code: '000000' })
    assert.deepEqual([done.status, done.location], [303, '/dashboard'])
    assert.equal((await jar.get('/staff/second-factor')).location, '/staff/sign-in')
    assert.equal((await jar.get('/staff/sign-in')).location, '/dashboard')
    assert.equal((await session(jar)).status, 200)
    const { body } = await app.call('GET', `/v1/audit-events?actor_id=${id}&action=attempt.refused`)
    assert.deepEqual(body.data, [])
    // The same form, with the cookies of before: the sign-in and its code are spent.
    const replayed = await beforeSignIn.submit(first, { code })
    assert.deepEqual([replayed.status, beforeSignIn.cookies.get('doorward-staff')], [401, undefined])
  })

  it('CON-05: bounds guesses at a code for each sign-in and each member, and locks no member out', async () => {
    const { jar: own, email, id } = await joinStaff(app, origin, 'viewer', 'ed@example.com')
    const { secret, codes } = await enrolApp(app, own)
    const { jar } = await sendPassword(origin, email)
    let page = await jar.get('/staff/second-factor')
    for (let n = 0; n < 5; n++) {
      page = await jar.submit(page, { code: '000000' })
      assert.equal(page.status, 401)
    }
    // Five tries: the sign-in is over, right code or not.
    nextStep()
    const over = await jar.submit(page, { code: codeAt(secret, app.clock.now()) })
    assert.deepEqual([over.status, /Sign in again/.test(over.text)], [401, true])
    assert.equal(jar.cookies.get('doorward-staff-sign-in'), undefined)

    const waits = []
    for (let n = 0; n < 3; n++) {
      const blocked = await signIn(email, codeAt(secret, app.clock.now()))
      assert.equal(blocked.done.status, 429)
      const seconds = Number(blocked.done.headers.get('retry-after'))
      waits.push(seconds)
      app.clock.advance({ seconds })
      assert.equal((await signIn(email, '000000')).done.status, 401)
    }
    assert.deepEqual(waits, [30, 120, 240])
    const recovered = await signIn(email, codes[3] ?? '', 'recovery_code')
    assert.equal(recovered.done.status, 303)
    app.clock.advance({ seconds: 3600 })
    assert.equal((await signIn(email, codeAt(secret, app.clock.now()))).done.status, 303)
    nextStep()
    assert.equal((await signIn(email, '000000')).done.status, 401)
    assert.equal((await signIn(email, codeAt(secret, app.clock.now()))).done.status, 303)
    const { body } = await app.call('GET', `/v1/audit-events?actor_id=${id}&action=attempt.refused`)
    assert.equal(body.data[0].detail.route, '/staff/second-factor')
  })

  it('CON-07: takes a recovery code once, in any writing, and none of an earlier set', async () => {
    const { jar, email, id } = await joinStaff(app, origin, 'viewer', 'fa@example.com')
    const { codes } = await enrolApp(app, jar)
    const [first = '', other = ''] = codes
    const done = await signIn(email, ` ${first.replaceAll('-', '').toUpperCase()} `, 'recovery_code')
    assert.equal(done.done.status, 303)
    assert.equal((await signIn(email, first, 'recovery_code')).done.status, 401)
    assert.match((await done.jar.get('/staff/factors')).text, /9 of 10 left/)
    const started = await app.call('GET', `/v1/audit-events?actor_id=${id}&action=staff_session.started`)
    assert.deepEqual(started.body.data[0].detail.by, ['password', 'recovery_code'])

    const own = await done.jar.get('/staff/factors')
    const renewed = await done.jar.post('/staff/factors/recovery-codes', hiddenFields(own.text))
    const fresh = codesOn(renewed)
    assert.equal(fresh.length, 10)
    assert.equal((await signIn(email, other, 'recovery_code')).done.status, 401)
    assert.equal((await signIn(email, fresh[0] ?? '', 'recovery_code')).done.status, 303)
    const stranger = await joinStaff(app, origin, 'viewer', 'fb@example.com')
    const theirs = await enrolApp(app, stranger.jar)
    assert.equal((await signIn(email, theirs.codes[0] ?? '', 'recovery_code')).done.status, 401)
  })

  it('CON-13: asks for the strongest enrolled factor before dangerous operations', async () => {
    const { jar, email } = await joinStaff(app, origin, 'administrator', 'gil@example.com')
    const { secret, codes } = await enrolApp(app, jar)
    assert.equal((await dangerous(jar)).status, 201)
    app.clock.advance({ seconds: 901 })
    const refused = await dangerous(jar)
    assert.deepEqual(
      [refused.body.code, /authenticator app/.test(refused.body.detail)],
      ['fresh_proof_required', true],
    )
    const led = await jar.get('/staff/confirm?return_to=/dashboard/staff')
    assert.equal(led.location, '/staff/confirm/code?return_to=%2Fdashboard%2Fstaff')
    const page = await jar.get(led.location ?? '')
    const wrong = await jar.submit(page, { code: '000000' })
    assert.equal(wrong.status, 401)
    const before = tokenOf(jar)
    const done = await jar.submit(wrong, { code: codeAt(secret, app.clock.now()) })
    assert.deepEqual([done.status, done.location], [303, '/dashboard/staff'])
    assert.notEqual(tokenOf(jar), before)
    assert.equal((await dangerous(jar)).status, 201)
    // The same form again is a double click; the spent code in a form that is shown again is wrong.
    const again = await jar.get(led.location ?? '')
    assert.equal((await jar.submit(again, { code: codeAt(secret, app.clock.now()) })).status, 401)

    app.clock.advance({ seconds: 901 })
    const lost = await jar.get('/staff/confirm/code?with=recovery&return_to=/dashboard')
    assert.equal((await jar.submit(lost, { code: codes[0] ?? '' })).status, 303)
    assert.equal((await dangerous(jar)).status, 201)
    // A password that is fresh does not do.
    app.clock.advance({ seconds: 901 })
    await app.db.updateTable('staff_sessions').set({ password_at: app.clock.now() }).execute()
    assert.equal((await dangerous(jar)).body.code, 'fresh_proof_required')
    assert.equal((await session(jar)).body.staff.email, email)
  })

  it('CON-09: no session begins past an app that is enrolled at the same time', async () => {
    const { jar, email } = await joinStaff(app, origin, 'viewer', 'kim@example.com')
    const shown = await jar.get('/staff/factors/app')
    const code = codeAt(secretOn(shown), app.clock.now())
    const [, ...signedIn] = await Promise.all([
      jar.submit(shown, { code, name: 'x' }),
      ...[origin, secondOrigin, origin, secondOrigin].map((at) => sendPassword(at, email)),
    ] as const)
    for (const { jar, answer } of signedIn as { jar: CookieJar; answer: JarAnswer }[]) {
      if (answer.location === '/staff/second-factor') continue
      assert.equal((await session(jar)).status, 401)
    }
    assert.equal((await session(jar)).status, 200)
  })
})
