import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { openJar } from '../../test/cookie-jar.ts'
import { openListening } from '../../test/sign-in.ts'
import { staffHeaders } from '../../test/staff.ts'
import { systemOrigin } from '../audit/audit-event.ts'
import { hashPassword } from '../users/hash-password.ts'
import { makeFirstLink, makeStaffLink, pathOfLink } from './make-staff-link.ts'

const PASSWORD = 'two brown owls tap'
const ANN = { email: 'Ann@Example.com ', name: 'Ann', password: PASSWORD }

describe('the first administrator, and the sign-in of staff', () => {
  let app: TestApp
  let origin: string
  before(async () => {
    const opened = await openListening({ loginUrl: 'https://login.example.com' })
    app = opened.app
    origin = opened.origin
  })
  after(() => app.close())

  const system = () => systemOrigin(app.clock.now())
  const firstLink = async () => {
    const token = await makeFirstLink(app.db, system())
    return token === null ? null : pathOfLink(token)
  }
  const staff = async () => await app.db.selectFrom('staff').selectAll().execute()
  const sessionOf = async (jar: ReturnType<typeof openJar>) => {
    const token = jar.cookies.get('doorward-staff') ?? ''
    return await app.call('GET', '/v1/session', undefined, { as: null, headers: staffHeaders(token) })
  }

  it('CON-08: offers the link that makes the first administrator for an hour', async () => {
    const late = (await firstLink()) ?? ''
    app.clock.advance({ seconds: 3599 })
    const page = await openJar(origin).get(late)
    app.clock.advance({ seconds: 1 })
    assert.deepEqual([page.status, (await openJar(origin).get(late)).status], [200, 400])
  })

  it('CON-14: makes the first administrator by a link that opening does not spend, and only one of racing ones', async () => {
    const links = [await firstLink(), await firstLink(), await firstLink()]
    const jars = links.map(() => openJar(origin))
    const pages = await Promise.all(jars.map((jar, n) => jar.get(links[n] ?? '')))
    assert.deepEqual(
      pages.map(({ status }) => status),
      [200, 200, 200],
    )
    assert.equal((await jars[0]?.get(links[0] ?? ''))?.status, 200)
    assert.match(pages[0]?.headers.get('content-security-policy') ?? '', /default-src 'none'/)
    assert.deepEqual(await staff(), [])

    const done = await Promise.all(jars.map((jar, n) => jar.submit(pages[n] as never, ANN)))
    assert.deepEqual(done.map(({ status }) => status).sort(), [303, 400, 400])
    const made = await staff()
    assert.deepEqual(
      made.map(({ email, role }) => [email, role]),
      [['ann@example.com', 'administrator']],
    )
    assert.equal(await firstLink(), null)
    const winner = done.findIndex(({ status }) => status === 303)
    assert.equal(done[winner]?.location, '/dashboard')
    assert.match(
      done[winner]?.headers.get('set-cookie') ?? '',
      /^doorward-staff=st_\w+; Path=\/; HttpOnly; SameSite=Strict$/,
    )
    assert.equal((await sessionOf(jars[winner] as never)).body.staff.email, 'ann@example.com')
    const { body } = await app.call('GET', `/v1/audit-events?actor_id=${made[0]?.id}`)
    assert.deepEqual(
      body.data.map((each: { action: string }) => each.action),
      ['staff_session.started', 'staff.created'],
    )
  })

  it('WEB-10: signs in and out by pages without scripts, beside an external login of users', async () => {
    const jar = openJar(origin)
    const page = await jar.get('/staff/sign-in?return_to=/dashboard/keys%3Fstate%3Dlive')
    assert.doesNotMatch(page.text, /<script/i)
    const wrong = await jar.submit(page, { email: 'ann@example.com', password: 'two brown owls tip' })
    assert.equal(wrong.status, 401)
    const unknown = await openJar(origin)
    const other = await unknown.submit(await unknown.get('/staff/sign-in'), {
      email: 'bo@example.com',
      password: PASSWORD,
    })
    assert.equal(other.status, 401)
    assert.equal(jar.cookies.get('doorward-staff'), undefined)
    const right = await jar.submit(wrong, { email: ' ANN@example.com', password: PASSWORD })
    assert.deepEqual([right.status, right.location], [303, '/dashboard/keys?state=live'])
    assert.equal((await jar.get('/staff/sign-in')).location, '/dashboard')
    const token = jar.cookies.get('doorward-staff') ?? ''

    const still = await jar.get('/staff/signed-out')
    assert.match(still.text, /You are signed in/)
    const out = await jar.submit(still, {})
    assert.equal(out.location, '/staff/signed-out')
    assert.equal(out.headers.get('clear-site-data'), '"storage"')
    assert.equal(jar.cookies.get('doorward-staff'), undefined)
    const after = await app.call('GET', '/v1/session', undefined, { as: null, headers: staffHeaders(token) })
    assert.equal(after.status, 401)

    await jar.submit(await jar.get('/staff/sign-in'), { email: 'ann@example.com', password: PASSWORD })
    const again = jar.cookies.get('doorward-staff') ?? ''
    await app.call('DELETE', '/v1/session', undefined, { as: null, headers: staffHeaders(again) })
    const ended = await jar.get('/staff/signed-out')
    assert.match(ended.text, /You are signed out/)
    assert.equal(ended.headers.get('clear-site-data'), '"storage"')
    assert.equal(jar.cookies.get('doorward-staff'), undefined)
  })

  it('CON-13: renews the proof and the cookie when a password is confirmed', async () => {
    const jar = openJar(origin)
    await jar.submit(await jar.get('/staff/sign-in'), { email: 'ann@example.com', password: PASSWORD })
    const before = jar.cookies.get('doorward-staff') ?? ''
    app.clock.advance({ seconds: 1000 })
    const key = { name: 'a', permissions: ['verify'] }
    const create = () =>
      app.call('POST', '/v1/admin-keys', key, {
        as: null,
        headers: staffHeaders(jar.cookies.get('doorward-staff') ?? ''),
      })
    assert.equal((await create()).body.code, 'fresh_proof_required')
    const page = await jar.get('/staff/confirm?return_to=/dashboard/admin-keys')
    const wrong = await jar.submit(page, { password: 'two brown owls tip' })
    assert.equal(wrong.status, 401)
    assert.match(wrong.text, /The password is wrong/)
    assert.equal((await create()).status, 403)
    const done = await jar.submit(wrong, { password: PASSWORD })
    assert.deepEqual([done.status, done.location], [303, '/dashboard/admin-keys'])
    assert.notEqual(jar.cookies.get('doorward-staff'), before)
    assert.equal((await create()).status, 201)
    const old = await app.call('GET', '/v1/session', undefined, { as: null, headers: staffHeaders(before) })
    assert.equal(old.status, 401)
  })

  it('AUD-02: has a wrong password at a confirmation in the audit log, with the member as the actor', async () => {
    const jar = openJar(origin)
    await jar.submit(await jar.get('/staff/sign-in'), { email: 'ann@example.com', password: PASSWORD })
    const strangers = async () => (await app.call('GET', '/v1/refused-attempts')).body.data
    const before = await strangers()
    await jar.submit(await jar.get('/staff/confirm'), { password: 'two brown owls tip' })
    const [ann] = await staff()
    const { body } = await app.call('GET', `/v1/audit-events?actor_id=${ann?.id}&action=attempt.refused`)
    assert.deepEqual(
      [body.data[0].actor, body.data[0].detail],
      [
        { kind: 'staff', id: ann?.id, name: 'Ann' },
        { code: 'sign_in_refused', method: 'POST', route: '/staff/confirm' },
      ],
    )
    assert.deepEqual(await strangers(), before)
  })

  it('CON-04: rehashes a password of less work than today, at a sign-in and a confirmation, and loses no racing sign-in', async () => {
    const stored = async () => (await staff())[0]?.password_hash
    const outdate = async () =>
      app.db
        .updateTable('staff')
        .set({ password_hash: await hashPassword(PASSWORD, 8) })
        .execute()
    await outdate()
    const jars = [openJar(origin), openJar(origin), openJar(origin)]
    const pages = await Promise.all(jars.map((jar) => jar.get('/staff/sign-in')))
    const ann = { email: 'ann@example.com', password: PASSWORD }
    const done = await Promise.all(jars.map((jar, n) => jar.submit(pages[n] as never, ann)))
    assert.deepEqual(
      done.map(({ status }) => status),
      [303, 303, 303],
    )
    assert.match((await stored()) ?? '', /^scrypt\$10\$8\$1\$/)
    await outdate()
    const [jar] = jars as [ReturnType<typeof openJar>]
    assert.equal((await jar.submit(await jar.get('/staff/confirm'), { password: PASSWORD })).status, 303)
    const renewed = await stored()
    assert.match(renewed ?? '', /^scrypt\$10\$8\$1\$/)
    await jar.submit(await jar.get('/staff/confirm'), { password: PASSWORD })
    assert.equal(await stored(), renewed)
  })

  it('CON-05: stops guesses at one member, and lets another sign in', async () => {
    const jar = openJar(origin)
    let page = await jar.get('/staff/sign-in')
    for (let n = 0; n < 10; n++) page = await jar.submit(page, { email: 'cy@example.com', password: 'wrong' })
    assert.equal(page.status, 401)
    page = await jar.submit(page, { email: 'cy@example.com', password: 'wrong' })
    assert.equal(page.status, 429)
    assert.ok(Number(page.headers.get('retry-after')) > 0)
    const other = await jar.submit(page, { email: 'ann@example.com', password: PASSWORD })
    assert.equal(other.status, 303)
  })

  it('CON-08: sets a new password by a link for an hour, and ends every session of the member', async () => {
    const jar = openJar(origin)
    await jar.submit(await jar.get('/staff/sign-in'), { email: 'ann@example.com', password: PASSWORD })
    const staffId = (await staff())[0]?.id ?? ''
    const link = async () => {
      const made = await app.db
        .transaction()
        .execute((tx) => makeStaffLink(tx, system(), { kind: 'password', staffId }))
      return pathOfLink(made.token)
    }
    const [first, second] = [await link(), await link()]
    const fresh = openJar(origin)
    assert.equal((await fresh.get(first)).status, 400)
    const page = await fresh.get(second)
    const weak = await fresh.submit(page, { password: 'ann@example.com!!' })
    assert.equal(weak.status, 422)
    const done = await fresh.submit(weak, { password: 'three green mice hum' })
    assert.equal(done.status, 303)
    assert.equal((await sessionOf(jar)).status, 401)
    assert.equal((await sessionOf(fresh)).status, 200)
    // Later than a double click.
    app.clock.advance({ seconds: 31 })
    assert.equal((await fresh.submit(weak, { password: 'three green mice hum' })).status, 400)
    const late = await link()
    app.clock.advance({ seconds: 3600 })
    assert.equal((await fresh.get(late)).status, 400)
  })

  it('WEB-05: takes no form that another browser was shown, or another site sends', async () => {
    const [jar, other] = [openJar(origin), openJar(origin)]
    const page = await jar.get('/staff/sign-in')
    assert.equal((await other.submit(page, { email: 'ann@example.com', password: PASSWORD })).status, 403)
    const crossed = await jar.post(
      '/staff/sign-in',
      { email: 'ann@example.com', password: PASSWORD },
      { 'sec-fetch-site': 'cross-site' },
    )
    assert.equal(crossed.status, 403)
  })
})

describe('a server without a secret', () => {
  it('says what is missing where staff would sign in', async () => {
    const { app, origin } = await openListening({ serverSecret: null })
    const page = await openJar(origin).get('/staff/sign-in')
    assert.equal(page.status, 503)
    assert.match(page.text, /DOORWARD_SECRET is not set/)
    await app.close()
  })

  it('OPS-10: says what is missing at every path of OAuth and of the sign-in of users, in any method', async () => {
    const off = await openTestApp({ serverSecret: null })
    try {
      for (const [method, path] of [
        ['POST', '/oauth/token'],
        ['POST', '/oauth/introspect'],
        ['POST', '/oauth/register'],
        ['GET', '/oauth/authorize?client_id=x'],
        ['GET', '/.well-known/oauth-authorization-server'],
        ['GET', '/.well-known/oauth-authorization-server/below'],
        ['GET', '/.well-known/openid-configuration'],
        ['GET', '/.well-known/oauth-protected-resource/orders'],
        ['GET', '/sign-in'],
        ['POST', '/set-password'],
        ['GET', '/connected-apps'],
      ] as const) {
        const { status, body } = await off.call(method, path, undefined, { as: null })
        assert.deepEqual([status, body.code], [503, 'oauth_disabled'], path)
        assert.match(body.detail, /DOORWARD_SECRET.*openssl rand -base64 32/)
      }
    } finally {
      await off.close()
    }
  })
})
