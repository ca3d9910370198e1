import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { TestApp } from '../../test/app.ts'
import { openJar } from '../../test/cookie-jar.ts'
import { isSignedIn, makeUser, openForm, openListening, PASSWORD, signedInJar } from '../../test/sign-in.ts'
import { hashToken } from '../base/one-time-token.ts'
import type { Tx } from '../db/schema.ts'
import type { Caller } from '../management/caller.ts'
import type { Visit } from '../pages/visit.ts'
import { startSession } from '../sign-in/start-session.ts'
import { startSignIn } from '../sign-in/start-sign-in.ts'
import { addMember, removeMember } from './change-members.ts'
import { findPasswordHash, setPasswordHash } from './user.store.ts'
import { LINK_SECONDS } from './user.ts'

describe('users and members', () => {
  let app: TestApp
  let origin: string
  before(async () => {
    ;({ app, origin } = await openListening())
  })
  after(() => app.close())

  const page = async (path: string, as?: string) =>
    (await app.call('GET', path, undefined, as === undefined ? {} : { as })).body.data
  const emails = async (path: string, as?: string) =>
    (await page(path, as)).map(({ email }: { email: string }) => email)
  const events = async (query: string) =>
    (await page(`/v1/audit-events?${query}`)).map(({ action }: { action: string }) => action)
  /** The path and query of a link. */
  const pathOf = (url: string) => url.replace('http://doorward.test', '')

  it('creates one user for an address, however it is spelt, and returns no password', async () => {
    const asked = { email: 'Zoe@Acme.example', name: 'Zoe <Z>', password: PASSWORD }
    const made = await app.call('POST', '/v1/users', asked)
    assert.equal(made.status, 201)
    assert.ok(!made.text.includes(PASSWORD))
    assert.deepEqual([made.body.email, made.body.password_link], ['zoe@acme.example', null])
    const again = await app.call('POST', '/v1/users', { ...asked, email: 'zoe@acme.EXAMPLE' })
    assert.deepEqual([again.status, again.body.code], [409, 'user_exists'])
    assert.deepEqual(await emails('/v1/users?email=ZOE@acme.example'), ['zoe@acme.example'])
    const bad = await app.call('POST', '/v1/users', {
      ...asked,
      email: 'y@acme.example',
      password: 'too short',
    })
    assert.deepEqual([bad.status, bad.body.code], [400, 'unsuitable_password'])
    assert.deepEqual(await emails('/v1/users?email=y@acme.example'), [])
    const common = { ...asked, email: 'y@acme.example', password: 'password12345678' }
    assert.equal((await app.call('POST', '/v1/users', common)).body.code, 'unsuitable_password', 'CON-02')
  })

  it('WEB-08: shows a name as text on every page', async () => {
    const { body } = await app.call('POST', '/v1/users', {
      email: 'xss@acme.example',
      name: '"><img src=x onerror=alert(1)>',
      password: PASSWORD,
    })
    assert.ok(body.id)
    const { text } = await (await signedInJar(origin, 'xss@acme.example')).get('/sign-in')
    assert.ok(text.includes('&lt;img') && !text.includes('<img'))
  })

  it('CON-08: a link sets a password once, within an hour, and only the newest link does', async () => {
    const { body } = await app.call('POST', '/v1/users', { email: 'bo@acme.example', name: 'Bo' })
    assert.equal(body.password_set_at, null)
    const old = pathOf(body.password_link.url)
    const { body: newer } = await app.call('POST', `/v1/users/${body.id}/password-link`)
    const path = pathOf(newer.url)
    const jar = openJar(origin)
    assert.equal((await jar.get(old)).status, 400)
    const form = await jar.get(path)
    assert.match(form.text, /bo@acme\.example/)

    for (const password of ['bo@acme.example', 'Basketball2026!', 'fourteen chars']) {
      const weak = await jar.submit(form, { password })
      assert.equal(weak.status, 422, `CON-01 CON-02: ${password}`)
      assert.match(weak.text, /role="alert"/)
    }
    const other = openJar(origin)
    const otherForm = await other.get(path)
    const all = await Promise.all([
      jar.submit(form, { password: PASSWORD }),
      other.submit(otherForm, { password: 'another one entirely' }),
    ])
    assert.deepEqual(all.map(({ status }) => status).sort(), [303, 400])
    assert.equal((await jar.get(path)).status, 400)
    assert.equal(
      (await app.call('GET', `/v1/users/${body.id}`)).body.password_set_at,
      '2030-01-01T00:00:00.000Z',
    )

    const { body: late } = await app.call('POST', `/v1/users/${body.id}/password-link`)
    assert.equal(LINK_SECONDS, 3600)
    app.clock.advance({ seconds: LINK_SECONDS })
    assert.equal((await openJar(origin).get(pathOf(late.url))).status, 400)
    const dump = JSON.stringify(await app.db.selectFrom('password_links').selectAll().execute())
    for (const link of [old, path, pathOf(late.url)]) assert.ok(!dump.includes(link.slice(-49)))
  })

  it('CON-12: a new password ends every session of the old one', async () => {
    const id = await makeUser(app, 'cy@acme.example')
    const jars = [await signedInJar(origin, 'cy@acme.example'), await signedInJar(origin, 'cy@acme.example')]
    const { body: link } = await app.call('POST', `/v1/users/${id}/password-link`)
    for (const jar of jars) assert.equal(await isSignedIn(jar), true, 'a link alone ends nothing')
    const jar = openJar(origin)
    const done = await jar.submit(await jar.get(pathOf(link.url)), { password: 'three grey herons walk' })
    assert.match((await jar.follow(done)).text, /Your password is set/)
    for (const jar of jars) assert.equal(await isSignedIn(jar), false)
    assert.equal(
      (await jar.submit(await openForm(jar), { email: 'cy@acme.example', password: PASSWORD })).status,
      401,
    )
    const fresh = { email: 'cy@acme.example', password: 'three grey herons walk' }
    assert.equal((await jar.submit(await openForm(jar), fresh)).status, 303)
    assert.deepEqual(await events(`target_id=${id}`), [
      'password.set',
      'password_link.created',
      'user.created',
    ])
  })

  it('CON-12: a new password ends sign-ins under way with the old one', async () => {
    const id = await makeUser(app, 'pat@acme.example')
    const passwords = ['three grey herons walk', PASSWORD]
    for (let round = 0; round < 4; round++) {
      const [next = '', old = ''] = round % 2 === 0 ? passwords : passwords.toReversed()
      const thief = Array.from({ length: 6 }, () => openJar(origin))
      const forms = await Promise.all(thief.map((jar) => openForm(jar)))
      const { body: link } = await app.call('POST', `/v1/users/${id}/password-link`)
      const jar = openJar(origin)
      const form = await jar.get(pathOf(link.url))
      await Promise.all([
        ...forms.map(async (form, n) => thief[n]?.submit(form, { email: 'pat@acme.example', password: old })),
        jar.submit(form, { password: next }),
      ])
      const { body } = await app.call('GET', `/v1/users/${id}/sessions`)
      assert.deepEqual(body.data, [], `round ${round}`)
    }
  })

  it('CON-12: a password that was verified before a new one was set starts no session', async () => {
    const id = await makeUser(app, 'quin@acme.example')
    const passwordHash = await findPasswordHash(app.db, id)
    assert.ok(passwordHash !== null)
    const visit: Visit = {
      ...{ now: app.clock.now(), ip: null, userAgent: null, requestId: 'req_test', isGone: () => false },
      ...{ query: new URLSearchParams(), cookie: () => undefined, setCookie: () => {} },
      browser: () => `br_${'x'.repeat(49)}`,
    }
    const begin = async () => {
      const request = { returnTo: '/next', refusedTo: null, clientName: null, loginHint: null, fresh: false }
      const hash = hashToken(await startSignIn(app.db, visit, request))
      const started = await startSession(app.db, visit, { hash }, () => ({ userId: id, passwordHash }))
      return started.ok ? 'begun' : started.no
    }
    assert.equal(await begin(), 'begun')
    await app.db.transaction().execute((tx) => setPasswordHash(tx, id, 'scrypt$another', app.clock.now()))
    assert.equal(await begin(), 'password_changed')
  })

  it('an added user acts for the owner at once, a removed one no longer, and repeating either is not an error', async () => {
    const id = await makeUser(app, 'di@acme.example')
    await app.call('PUT', '/v1/owners/org_new/members/usr_none')
    const put = () => app.call('PUT', `/v1/owners/org_new/members/${id}`)
    const remove = () => app.call('DELETE', `/v1/owners/org_new/members/${id}`)
    const owners = async () => (await app.call('GET', `/v1/users/${id}`)).body.owners
    for (let n = 0; n < 2; n++) assert.equal((await put()).status, 204)
    assert.deepEqual(await owners(), [{ id: 'org_new', name: 'org_new' }])
    await app.call('PATCH', '/v1/owners/org_new', { name: 'Acme Ltd' })
    assert.deepEqual(await owners(), [{ id: 'org_new', name: 'Acme Ltd' }])
    for (let n = 0; n < 2; n++) assert.equal((await remove()).status, 204)
    assert.deepEqual(await owners(), [])
    assert.deepEqual(await events(`target_id=${id}`), ['member.removed', 'member.added', 'user.created'])
    assert.equal((await app.call('PUT', '/v1/owners/org_new/members/usr_none')).status, 404)
  })

  it('MGT-02: a key that is bound to an owner sees its own members, and only this one of their owners', async () => {
    const both = await makeUser(app, 'ed@acme.example', ['org_a', 'org_b'])
    const foreign = await makeUser(app, 'flo@acme.example', ['org_b'])
    const bound = await app.adminKeyWith(['users:read', 'members:write'], 'org_a')
    assert.deepEqual(await emails('/v1/users', bound), ['ed@acme.example'])
    assert.deepEqual(await emails('/v1/users?owner_id=org_b&email=flo@acme.example', bound), [])
    const { body } = await app.call('GET', `/v1/users/${both}`, undefined, { as: bound })
    assert.deepEqual(body.owners, [{ id: 'org_a', name: 'org_a' }])
    assert.equal((await app.call('GET', `/v1/users/${foreign}`, undefined, { as: bound })).status, 404)
    for (const method of ['PUT', 'DELETE'])
      assert.equal(
        (await app.call(method, `/v1/owners/org_b/members/${both}`, undefined, { as: bound })).status,
        404,
      )
    assert.deepEqual((await emails('/v1/users?owner_id=org_b')).sort(), [
      'ed@acme.example',
      'flo@acme.example',
    ])
    const refused = await app.call('POST', '/v1/admin-keys', {
      name: 'a',
      permissions: ['users:write'],
      owner_id: 'org_a',
    })
    assert.equal(refused.body.code, 'exceeds_authority')
  })

  it('MGT-02: a key that is bound to an owner cannot add users of others, and learns nothing about them', async () => {
    const stranger = await makeUser(app, 'gus@other.example', ['org_b'])
    const bound = await app.adminKeyWith(['users:read', 'members:write'], 'org_a')
    const answers = []
    for (const id of [stranger, 'usr_nobody']) {
      const { status, body } = await app.call('PUT', `/v1/owners/org_a/members/${id}`, undefined, {
        as: bound,
      })
      answers.push([status, { ...body, request_id: null }])
    }
    assert.deepEqual(answers[0], answers[1])
    assert.equal(answers[0]?.[0], 404)
    for (const path of [`/v1/users/${stranger}`, `/v1/users/${stranger}/sessions`])
      assert.equal((await app.call('GET', path, undefined, { as: bound })).status, 404)
    const mine = await makeUser(app, 'hal@acme.example', ['org_a'])
    assert.equal(
      (await app.call('PUT', `/v1/owners/org_a/members/${mine}`, undefined, { as: bound })).status,
      204,
    )
  })

  it('everything that ends with a membership ends in the same transaction, or nothing does', async () => {
    const userId = await makeUser(app, 'gus@acme.example', ['org_g'])
    const member = { ownerId: 'org_g', userId }
    const caller = {
      actor: { kind: 'admin_key', id: 'adm_1' },
      ip: null,
      requestId: 'req_1',
      now: app.clock.now(),
      reach: 'every_owner',
    } as unknown as Caller
    const inTx = <T>(work: (tx: Tx) => Promise<T>) => app.db.transaction().execute(work)
    const fails = inTx((tx) =>
      removeMember(tx, caller, member, () => Promise.reject(new Error('grants cannot end'))),
    )
    await assert.rejects(fails, /grants cannot end/)
    assert.equal((await app.call('GET', `/v1/users/${userId}`)).body.owners.length, 1)

    const asked: string[] = []
    const end = async (_: Tx, __: Caller, { ownerId }: { ownerId: string }) => asked.push(ownerId) > 0
    await inTx((tx) => removeMember(tx, caller, member, end))
    // Not a member any more, and still a grant: it is removed and published again.
    await inTx((tx) => removeMember(tx, caller, member, end))
    assert.deepEqual(asked, ['org_g', 'org_g'])
    assert.deepEqual((await events(`target_id=${userId}`)).slice(0, 2), ['member.removed', 'member.removed'])
    assert.equal(
      (
        await inTx((tx) =>
          addMember(tx, { ...caller, reach: { ownerId: 'org_x', environments: null } }, member),
        )
      ).ok,
      false,
    )
  })

  it('refuses to create users where sign-in is external or off, and says why', async () => {
    for (const [settings, why] of [
      [{ loginUrl: 'https://login.example.com/' }, /LOGIN_URL/],
      [{ serverSecret: null }, /DOORWARD_SECRET.*openssl rand -base64 32/],
    ] as const) {
      const other = await openListening(settings)
      try {
        const { status, body } = await other.app.call('POST', '/v1/users', {
          email: 'a@b.example',
          name: 'A',
        })
        assert.deepEqual([status, body.code], [409, 'no_built_in_login'])
        assert.match(body.detail, why)
        const { status: shown } = await openJar(other.origin).get('/sign-in')
        assert.equal(shown, 'serverSecret' in settings ? 503 : 303)
      } finally {
        await other.app.close()
      }
    }
  })
})
