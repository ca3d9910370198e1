import assert from 'node:assert/strict'
import { after, before, describe, it, mock } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { openSecondNode, type TestApp } from '../../../test/app.ts'
import { type CookieJar, hiddenFields, type JarAnswer, openJar, withForm } from '../../../test/cookie-jar.ts'
import { CLIENT, openIdentityProvider, type TestIdentityProvider } from '../../../test/identity-provider.ts'
import { openListening, PASSWORD } from '../../../test/sign-in.ts'
import {
  type Deviation,
  optionsOn,
  type SoftwarePasskey,
  softwarePasskey,
} from '../../../test/software-passkey.ts'
import { staffHeaders } from '../../../test/staff.ts'
import { codeAt, codesOn, enrolApp, joinStaff, sendPassword } from '../../../test/staff-browser.ts'
import { systemOrigin } from '../../audit/audit-event.ts'
import { pathOfLink } from '../make-staff-link.ts'
import { makeLinkFor } from '../staff-command.ts'

const PUBLIC_URL = 'http://doorward.localhost'

describe('passkeys of staff', () => {
  let app: TestApp
  let origin: string
  let second: FastifyInstance
  let secondOrigin: string
  before(async () => {
    const opened = await openListening({ publicUrl: PUBLIC_URL })
    app = opened.app
    origin = opened.origin
    second = await openSecondNode(app, { publicUrl: PUBLIC_URL })
    secondOrigin = await second.listen({ port: 0, host: '127.0.0.1' })
  })
  after(async () => {
    await second.close()
    await app.close()
  })

  const tokenOf = (jar: CookieJar) => jar.cookies.get('doorward-staff') ?? ''
  const call = async (jar: CookieJar, method: string, url: string, body?: unknown) =>
    await app.call(method, url, body, { as: null, headers: staffHeaders(tokenOf(jar)) })
  const dangerous = (jar: CookieJar) =>
    call(jar, 'POST', '/v1/staff-invitations', { email: 'new@example.com', role: 'viewer' })
  /** Enrols a new passkey in a browser that is signed in. */
  const enrol = async (jar: CookieJar, change?: Deviation) => {
    const passkey = softwarePasskey(PUBLIC_URL)
    const page = await jar.get('/staff/factors/passkey')
    const credential = passkey.create(optionsOn(page) as never, change)
    return { passkey, page, credential, done: await jar.submit(page, { credential, name: 'My laptop' }) }
  }
  const answer = async (jar: CookieJar, path: string, passkey: SoftwarePasskey, change?: Deviation) => {
    const page = await jar.get(path)
    return await jar.submit(page, { credential: passkey.get(optionsOn(page) as never, change) })
  }

  it('CON-07 CON-09: enrols a passkey, which signs in without a password and counts as both factors', async () => {
    const { jar, id } = await joinStaff(app, origin, 'administrator', 'ann@example.com')
    const other = await sendPassword(origin, 'ann@example.com')
    const before = tokenOf(jar)
    const { passkey, page, done } = await enrol(jar)
    const options = optionsOn(page) as Record<string, never>
    assert.deepEqual(options.authenticatorSelection, {
      residentKey: 'required',
      userVerification: 'required',
      requireResidentKey: true,
    })
    assert.equal(codesOn(done).length, 10)
    assert.notEqual(tokenOf(jar), before)
    assert.equal((await call(other.jar, 'GET', '/v1/session')).status, 401)
    assert.match((await jar.get('/staff/factors')).text, /My laptop/)
    assert.deepEqual((await app.call('GET', `/v1/staff/${id}`)).body.factors, ['password', 'passkey'])

    const fresh = openJar(origin)
    const asked = await fresh.get('/staff/passkey?return_to=/dashboard/keys')
    assert.match(asked.text, /<script src="\/assets\/passkey-[0-9a-f]{12}\.js" defer><\/script>/)
    assert.match(
      asked.headers.get('content-security-policy') ?? '',
      /default-src 'none';.* script-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'/,
    )
    const script = await fresh.get(/\/assets\/passkey-[0-9a-f]+\.js/.exec(asked.text)?.[0] ?? '')
    assert.match(script.headers.get('content-type') ?? '', /^text\/javascript/)
    const signedIn = await answer(fresh, '/staff/passkey?return_to=/dashboard/keys', passkey)
    assert.deepEqual([signedIn.status, signedIn.location], [303, '/dashboard/keys'])
    assert.equal((await dangerous(fresh)).status, 201)
    const started = await app.call('GET', `/v1/audit-events?actor_id=${id}&action=staff_session.started`)
    assert.deepEqual(started.body.data[0].detail.by, ['passkey'])
    // No row is stored for those who only open the page.
    assert.equal((await app.db.selectFrom('staff_spent_challenges').selectAll().execute()).length, 2)
  })

  it('CON-07: accepts no answer that is forged, old, of another page, browser, site or member, or without its user', async () => {
    const ann = await joinStaff(app, origin, 'viewer', 'bo@example.com')
    const { passkey } = await enrol(ann.jar)
    const stranger = await joinStaff(app, origin, 'viewer', 'cy@example.com')
    const { passkey: theirs } = await enrol(stranger.jar)
    const jar = openJar(origin)
    const page = await jar.get('/staff/passkey')
    const options = optionsOn(page) as never
    const elsewhere = optionsOn(await openJar(origin).get('/staff/passkey')) as never
    const confirm = await ann.jar.get('/staff/confirm/passkey')
    const unknown = softwarePasskey(PUBLIC_URL)
    const refused: Record<string, string> = {
      'no user verification': passkey.get(options, { isUserVerified: false }),
      'no user': passkey.get(options, { isUserPresent: false }),
      'another origin': passkey.get(options, { origin: 'http://evil.localhost' }),
      'another RP id': passkey.get(options, { rpId: 'evil.localhost' }),
      'another ceremony': passkey.get(options, { type: 'webauthn.create' }),
      'a made-up challenge': passkey.get(options, { challenge: 'A'.repeat(75) }),
      'a challenge of another browser': passkey.get(elsewhere),
      'a challenge for a confirmation': passkey.get(optionsOn(confirm) as never),
      'another key': passkey.get(options, { isForged: true }),
      'an unknown passkey': unknown.get(options),
      'no user handle': passkey.get(options, { userHandle: null }),
      'another user handle': passkey.get(options, {
        userHandle: Buffer.from(stranger.id).toString('base64url'),
      }),
      'no JSON': '{',
      'no object': '7',
      'no response': JSON.stringify({ id: passkey.id }),
      'odd types': JSON.stringify({ id: passkey.id, rawId: passkey.id, type: 'public-key', response: 7 }),
      empty: '',
    }
    for (const [what, credential] of Object.entries(refused)) {
      const { status } = await jar.submit(page, { credential })
      assert.deepEqual([what, status, jar.cookies.get('doorward-staff')], [what, 401, undefined])
    }
    // At the confirmation: only the own passkey, for this session.
    for (const credential of [
      theirs.get(optionsOn(confirm) as never),
      passkey.get(options),
      passkey.get(optionsOn(confirm) as never, { isUserVerified: false }),
    ])
      assert.equal((await ann.jar.submit(confirm, { credential })).status, 401)
    app.clock.advance({ seconds: 301 })
    assert.equal((await jar.submit(page, { credential: passkey.get(options) })).status, 401)
    assert.equal((await answer(jar, '/staff/passkey', passkey)).status, 303)
  })

  it('CON-07: of racing requests at two servers, one gets in with an answer', async () => {
    const ann = await joinStaff(app, origin, 'viewer', 'di@example.com')
    const { passkey } = await enrol(ann.jar)
    const jar = openJar(origin)
    const page = await jar.get('/staff/passkey')
    const credential = passkey.get(optionsOn(page) as never)
    const cookie = [...jar.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    // Each in a form of its own: the same form again is a double click.
    const send = async (at: string) => {
      const form = hiddenFields((await jar.get('/staff/passkey')).text)
      return await openJar(at).post('/staff/passkey', { ...form, credential }, { cookie })
    }
    const done = await Promise.all([origin, secondOrigin, origin, secondOrigin].map(send))
    assert.deepEqual(done.map(({ status }) => status).sort(), [303, 401, 401, 401])
  })

  it('CON-07: refuses a counter that does not grow, which a copied authenticator shows', async () => {
    const ann = await joinStaff(app, origin, 'viewer', 'ed@example.com')
    const { passkey } = await enrol(ann.jar, { counter: 5 })
    for (const [counter, status] of [
      [5, 401],
      [6, 303],
      [6, 401],
      [9, 303],
      [0, 401],
    ] as const)
      assert.equal((await answer(openJar(origin), '/staff/passkey', passkey, { counter })).status, status)
  })

  it('CON-13: asks for the passkey before dangerous operations, and accepts a recovery code instead', async () => {
    const { jar, email, id } = await joinStaff(app, origin, 'administrator', 'fa@example.com')
    const { secret } = await enrolApp(app, jar)
    const { passkey, done } = await enrol(jar)
    assert.equal(done.status, 303)
    app.clock.advance({ seconds: 901 })
    // The authenticator app is not the strongest factor any more.
    const code = await jar.get('/staff/confirm/code')
    assert.equal((await jar.submit(code, { code: codeAt(secret, app.clock.now()) })).status, 303)
    const refused = await dangerous(jar)
    assert.deepEqual([refused.status, /passkey/.test(refused.body.detail)], [403, true])
    const led = await jar.get('/staff/confirm?return_to=/dashboard/staff')
    assert.equal(led.location, '/staff/confirm/passkey?return_to=%2Fdashboard%2Fstaff')
    const before = tokenOf(jar)
    const confirmed = await answer(jar, led.location ?? '', passkey, { userHandle: null })
    assert.deepEqual([confirmed.status, confirmed.location], [303, '/dashboard/staff'])
    assert.notEqual(tokenOf(jar), before)
    assert.equal((await dangerous(jar)).status, 201)

    const { jar: half, answer: step } = await sendPassword(origin, email, '/dashboard/keys')
    assert.equal(step.location, '/staff/second-factor')
    assert.match((await half.get('/staff/second-factor')).text, /href="\/staff\/passkey"/)
    const signedIn = await answer(half, '/staff/passkey', passkey)
    assert.deepEqual([signedIn.status, signedIn.location], [303, '/dashboard/keys'])
    assert.equal(half.cookies.get('doorward-staff-sign-in'), undefined)
    const started = await app.call('GET', `/v1/audit-events?actor_id=${id}&action=staff_session.started`)
    assert.deepEqual(started.body.data[0].detail.by, ['password', 'passkey'])
  })

  it('CON-12 CON-13: enrols only with a fresh proof, once, and removes', async () => {
    const { jar, email, id } = await joinStaff(app, origin, 'viewer', 'gil@example.com')
    const half = openJar(origin)
    assert.match((await half.get('/staff/factors/passkey')).location ?? '', /^\/staff\/sign-in\?/)
    for (const change of [
      { isUserVerified: false },
      { origin: 'http://evil.localhost' },
      { rpId: 'evil.localhost' },
      { type: 'webauthn.get' },
      { challenge: 'A'.repeat(75) },
    ])
      assert.equal((await enrol(jar, change)).done.status, 422)
    const { passkey, page, credential } = await enrol(jar)
    const own = await jar.get('/staff/factors')
    const [, rename, remove] = own.text.split('<form')
    assert.ok(rename !== undefined && remove !== undefined)
    assert.equal((await answer(openJar(origin), '/staff/passkey', passkey)).status, 303)
    // The answer is spent, and the passkey is enrolled already.
    assert.equal(
      (await jar.post('/staff/factors/passkey', { ...hiddenFields(page.text), credential })).status,
      422,
    )
    const again = await jar.get('/staff/factors/passkey')
    const twice = passkey.create(optionsOn(again) as never)
    assert.equal((await jar.submit(again, { credential: twice, name: 'x' })).status, 422)
    // With a passkey alone the second step leads to it, or takes a recovery code.
    const { jar: waiting } = await sendPassword(origin, email)
    assert.equal((await waiting.get('/staff/second-factor')).location, '/staff/passkey')
    assert.match((await waiting.get('/staff/passkey')).text, /Use a recovery code/)
    assert.match((await waiting.get('/staff/second-factor?with=recovery')).text, /Recovery code/)

    app.clock.advance({ seconds: 901 })
    assert.match((await jar.get('/staff/factors/passkey')).location ?? '', /^\/staff\/confirm\?/)
    const gone = await jar.post('/staff/factors/remove', hiddenFields(own.text))
    assert.match(gone.location ?? '', /^\/staff\/confirm\?/)
    await answer(jar, '/staff/confirm/passkey', passkey)
    const fields = hiddenFields((await jar.get('/staff/factors')).text)
    assert.equal((await jar.post('/staff/factors/remove', fields)).status, 303)
    assert.equal((await answer(openJar(origin), '/staff/passkey', passkey)).status, 401)
    const { body } = await app.call('GET', `/v1/audit-events?actor_id=${id}&action=staff_factor.removed`)
    assert.deepEqual([body.data[0].detail.kind, body.data[0].detail.name], ['passkey', 'My laptop'])
    assert.equal((await sendPassword(origin, email)).answer.location, '/dashboard')
  })

  it('CON-12: refuses the passkeys of a disabled member, and of one whose factors were reset', async () => {
    const { jar, id } = await joinStaff(app, origin, 'viewer', 'hal@example.com')
    const { passkey } = await enrol(jar)
    await app.call('POST', `/v1/staff/${id}/disable`, { reason: 'test' })
    assert.equal((await answer(openJar(origin), '/staff/passkey', passkey)).status, 401)
    await app.call('POST', `/v1/staff/${id}/enable`)
    assert.equal((await answer(openJar(origin), '/staff/passkey', passkey)).status, 303)
    await app.call('POST', `/v1/staff/${id}/reset-factors`)
    assert.equal((await answer(openJar(origin), '/staff/passkey', passkey)).status, 401)
  })
})

describe('a server at an address for which browsers make no passkeys', () => {
  it('offers none, and leads to what works', async () => {
    const { app, origin } = await openListening({ publicUrl: 'http://192.0.2.7' })
    const jar = openJar(origin)
    assert.doesNotMatch((await jar.get('/staff/sign-in')).text, /passkey/)
    assert.equal((await jar.get('/staff/passkey')).location, '/staff/sign-in')
    const led = await jar.get('/staff/confirm/passkey?return_to=/dashboard/staff')
    assert.equal(led.location, '/staff/confirm/code?with=recovery&return_to=%2Fdashboard%2Fstaff')
    const { jar: own } = await joinStaff(app, origin, 'viewer', 'ann@example.com')
    assert.doesNotMatch((await own.get('/staff/factors')).text, /passkey/)
    await app.close()
  })
})

const provider = await openIdentityProvider(`${PUBLIC_URL}/staff/sso/callback`)

describe('passkeys while single sign-on is required', { skip: provider === null && 'NO OPENSSL' }, () => {
  const { issuer, browser, fetch, close } = provider as TestIdentityProvider
  let app: TestApp
  let origin: string
  before(async () => {
    const opened = await openListening({ publicUrl: PUBLIC_URL }, 0, { providerFetch: fetch })
    app = opened.app
    origin = opened.origin
    // The provider and the client read the clock of the machine.
    mock.timers.enable({ apis: ['Date'], now: app.clock.nowMs() })
  })
  after(async () => {
    mock.timers.reset()
    await app.close()
    close()
  })

  const tokenOf = (jar: CookieJar) => jar.cookies.get('doorward-staff')
  const call = async (jar: CookieJar, method: string, url: string, body?: unknown) =>
    await app.call(method, url, body, { as: null, headers: staffHeaders(tokenOf(jar) ?? '') })
  const submit = (jar: CookieJar, page: JarAnswer, passkey: SoftwarePasskey) =>
    jar.submit(page, { credential: passkey.get(optionsOn(page) as never) })
  const member = async (email: string) => {
    const { jar } = await joinStaff(app, origin, 'administrator', email)
    const passkey = softwarePasskey(PUBLIC_URL)
    const page = await jar.get('/staff/factors/passkey')
    await jar.submit(page, { credential: passkey.create(optionsOn(page) as never), name: 'My laptop' })
    return { jar, passkey }
  }
  /** At the provider and back: a sign-in, or the connection of an account. */
  const throughProvider = async (jar: CookieJar, from: string, action: string) => {
    const begun = await jar.submit(withForm(await jar.get(from), action), {})
    return await jar.get(await browser({ sub: 'ann' }).follow(begun.location ?? ''))
  }
  const startedBy = async () =>
    (await app.call('GET', '/v1/audit-events?action=staff_session.started&limit=1')).body.data[0].detail.by

  it('CON-13 CON-14: are a second step after it or after a link, and no way in by themselves', async () => {
    const { jar, passkey } = await member('ann@example.com')
    const { passkey: another } = await member('al@example.com')
    const early = openJar(origin)
    const shown = await early.get('/staff/passkey')
    const sso = '/v1/single-sign-on'
    assert.equal((await call(jar, 'PUT', sso, { issuer, ...CLIENT })).status, 200)
    await throughProvider(jar, '/staff/sso', '/staff/sso/connect')
    assert.equal((await call(jar, 'POST', `${sso}/require`)).status, 200)

    const alone = await submit(early, shown, passkey)
    assert.deepEqual([alone.status, alone.location], [303, '/staff/sign-in?return_to=%2Fdashboard'])
    assert.equal(tokenOf(early), undefined)
    assert.match((await openJar(origin).get('/staff/passkey')).location ?? '', /^\/staff\/sign-in/)

    const bySso = openJar(origin)
    const back = await throughProvider(bySso, '/staff/sign-in', '/staff/sso')
    assert.match(back.text, /<a href="\/staff\/second-factor">/)
    assert.equal(tokenOf(bySso), undefined)
    assert.equal((await bySso.get('/staff/second-factor')).location, '/staff/passkey')
    await submit(bySso, await bySso.get('/staff/passkey'), another)
    assert.equal(tokenOf(bySso), undefined)
    await throughProvider(bySso, '/staff/sign-in', '/staff/sso')
    const second = await submit(bySso, await bySso.get('/staff/passkey'), passkey)
    assert.equal(second.location, '/dashboard')
    assert.equal((await call(bySso, 'GET', '/v1/session')).body.staff.email, 'ann@example.com')
    assert.deepEqual(await startedBy(), ['sso', 'passkey'])

    const link = await makeLinkFor(app.db, systemOrigin(app.clock.now()), 'ann@example.com')
    assert.ok(link.ok)
    const byLink = openJar(origin)
    const set = await byLink.submit(await byLink.get(pathOfLink(link.value)), { password: PASSWORD })
    assert.equal(set.location, '/staff/second-factor')
    assert.equal(tokenOf(byLink), undefined)
    await submit(byLink, await byLink.get('/staff/passkey'), passkey)
    assert.deepEqual(await startedBy(), ['password', 'passkey'])
    assert.equal((await call(byLink, 'POST', `${sso}/stop-requiring`)).status, 200)
  })
})
