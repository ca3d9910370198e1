import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { secondSession, staffAs, staffHeaders } from '../../test/staff.ts'

describe('the session of a staff member, in the pipeline', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
  })
  after(() => app.close())

  const session = (token: string, more: Record<string, string> = {}) =>
    app.call('GET', '/v1/session', undefined, { as: null, headers: { ...staffHeaders(token), ...more } })

  it('CON-11: ends an hour after the last request of a person, and 24 hours after the sign-in', async () => {
    const { token } = await staffAs(app, 'viewer')
    app.clock.advance({ seconds: 3599 })
    assert.equal((await session(token)).status, 200)
    app.clock.advance({ seconds: 3599 })
    assert.equal((await session(token)).status, 200)
    app.clock.advance({ seconds: 3600 })
    assert.deepEqual((await session(token)).body.code, 'invalid_token')

    const polled = await staffAs(app, 'viewer')
    for (const seconds of [1800, 1799]) {
      app.clock.advance({ seconds })
      assert.equal((await session(polled.token, { 'doorward-background': 'true' })).status, 200)
    }
    app.clock.advance({ seconds: 1 })
    assert.equal((await session(polled.token)).status, 401)

    const busy = await staffAs(app, 'viewer')
    for (let n = 0; n < 47; n++) {
      app.clock.advance({ seconds: 1800 })
      assert.equal((await session(busy.token)).status, 200)
    }
    app.clock.advance({ seconds: 1800 })
    assert.equal((await session(busy.token)).status, 401)
  })

  it('CON-09: stores the hash of the token, and takes no other token', async () => {
    const { token, sessionId } = await staffAs(app, 'viewer')
    const rows = await app.db.selectFrom('staff_sessions').selectAll().where('id', '=', sessionId).execute()
    assert.ok(!JSON.stringify(rows).includes(token))
    const hash = Buffer.from(rows[0]?.hash ?? []).toString('base64url')
    for (const wrong of [hash, `${token}x`, token.replace(/^st/, 'ss'), '', "';--"])
      assert.equal((await session(wrong)).status, 401)
  })

  it('answers with the signed-in member, permissions, reach, factors and times', async () => {
    const { token, id, email, sessionId } = await staffAs(app, 'developer')
    const { body } = await session(token)
    assert.deepEqual(body.staff, { id, email, name: 'A developer', role: 'developer' })
    assert.ok(body.permissions.includes('keys:revoke') && !body.permissions.includes('users:read'))
    assert.deepEqual(
      [body.environments, body.bound_to_environments, body.metadata_visible],
      [['test'], true, true],
    )
    assert.deepEqual([body.session.id, body.session.is_this], [sessionId, true])
    assert.deepEqual([body.factors.enrolled, body.factors.strongest], [['password'], 'password'])
  })

  it('CON-12: lists and ends own sessions, and no other member’s', async () => {
    const [ann, other] = [await staffAs(app, 'viewer'), await staffAs(app, 'viewer')]
    const listed = await app.call('GET', '/v1/session/sessions', undefined, ann.as)
    assert.deepEqual(
      listed.body.data.map((each: { id: string; is_this: boolean }) => [each.id, each.is_this]),
      [[ann.sessionId, true]],
    )
    const foreign = await app.call('DELETE', `/v1/session/sessions/${other.sessionId}`, undefined, ann.as)
    const unknown = await app.call('DELETE', '/v1/session/sessions/sts_unknown', undefined, ann.as)
    assert.deepEqual([foreign.status, unknown.status], [404, 404])
    assert.deepEqual({ ...foreign.body, request_id: 0 }, { ...unknown.body, request_id: 0 })
    assert.equal((await app.call('DELETE', '/v1/session', undefined, ann.as)).status, 204)
    assert.equal((await session(ann.token)).status, 401)
    const { body } = await app.call('GET', `/v1/audit-events?actor_id=${ann.id}`)
    assert.deepEqual(
      [body.data[0].action, body.data[0].actor],
      ['staff_session.ended', { kind: 'staff', id: ann.id, name: 'A viewer' }],
    )
  })

  it('AUD-02: has every act of a staff member in the audit log, with the member as the actor', async () => {
    const ann = await staffAs(app, 'administrator')
    const made = await app.call('POST', '/v1/scopes', { name: 'staff:read', description: 'a' }, ann.as)
    assert.equal(made.status, 201)
    await app.call('GET', '/v1/keys/key_unknown', undefined, ann.as)
    const { body } = await app.call('GET', `/v1/audit-events?actor_id=${ann.id}`)
    assert.deepEqual(
      body.data.map((each: { action: string }) => each.action),
      ['attempt.refused', 'scope.created'],
    )
  })

  const browsers: Record<string, [headers: Record<string, string>, status: number]> = {
    'our own page': [{ 'sec-fetch-site': 'same-origin' }, 201],
    'our own page in an old browser': [{ origin: 'http://doorward.test' }, 201],
    'a page of another site': [{ 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, 403],
    'a page of a neighbour': [{ 'sec-fetch-site': 'same-site', origin: 'https://a.doorward.test' }, 403],
    'an address bar': [{ 'sec-fetch-site': 'none' }, 403],
    'another site in an old browser': [{ origin: 'https://evil.example' }, 403],
    'our host on another port': [{ origin: 'http://doorward.test:81' }, 403],
    'our host over https': [{ origin: 'https://doorward.test' }, 403],
    'a sandboxed frame': [{ origin: 'null' }, 403],
    'a client that says nothing': [{}, 403],
  }
  for (const [from, [headers, expected]] of Object.entries(browsers))
    it(`WEB-05: answers ${expected} to a change with a staff cookie from ${from}`, async () => {
      const { token } = await staffAs(app, 'administrator')
      const body = { name: `csrf${expected}:read`, description: 'a' }
      const before = await app.db.selectFrom('scopes').selectAll().execute()
      const { status } = await app.call('POST', '/v1/scopes', body, {
        as: null,
        headers: { cookie: `doorward-staff=${token}`, ...headers },
      })
      assert.equal(status === 200 ? 201 : status, expected)
      if (expected === 403) assert.deepEqual(await app.db.selectFrom('scopes').selectAll().execute(), before)
    })

  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
    it(`WEB-05: refuses a change of content type ${type}, which a form of another site could send`, async () => {
      const { headers } = await staffAs(app, 'administrator')
      const answer = await app.app.inject({
        method: 'POST',
        url: '/v1/scopes',
        headers: { ...headers, 'content-type': type },
        payload: '{"name":"typed:read","description":"a"}',
      })
      assert.equal(answer.statusCode, 415)
    })

  it('WEB-07: sends no header that lets another origin read an answer', async () => {
    const { token } = await staffAs(app, 'viewer')
    const { headers } = await session(token, { origin: 'https://evil.example' })
    assert.equal(headers['access-control-allow-origin'], undefined)
    assert.equal(headers['cache-control'], 'no-store')
  })

  it('CON-13: asks for a fresh proof before dangerous operations, and for no other', async () => {
    const ann = await staffAs(app, 'administrator')
    const key = { name: 'a', permissions: ['verify'] }
    assert.equal((await app.call('POST', '/v1/admin-keys', key, ann.as)).status, 201)
    app.clock.advance({ seconds: 900 })
    assert.equal((await app.call('POST', '/v1/admin-keys', key, ann.as)).status, 201)
    app.clock.advance({ seconds: 1 })
    const late = await app.call('POST', '/v1/admin-keys', key, ann.as)
    assert.deepEqual([late.status, late.body.code], [403, 'fresh_proof_required'])
    assert.match(late.body.detail, /your password at \/staff\/confirm/)
    assert.equal((await app.call('GET', '/v1/admin-keys', undefined, ann.as)).status, 200)
    assert.equal(
      (await app.call('POST', '/v1/grant-revocations', { user_id: 'u', reason: 'a' }, ann.as)).status,
      403,
    )
    assert.equal((await app.call('POST', '/v1/admin-keys', key)).status, 201)
  })

  it('MGT-15: replays an idempotent request to the session that sent it, and to no other of the same member', async () => {
    const [ann, other] = [await staffAs(app, 'administrator'), await staffAs(app, 'administrator')]
    const key = { name: 'a', permissions: ['verify'] }
    const named = (who: { headers: Record<string, string> }) => ({
      as: null,
      headers: { ...who.headers, 'idempotency-key': 'one' },
    })
    const first = await app.call('POST', '/v1/admin-keys', key, named(ann))
    const again = await app.call('POST', '/v1/admin-keys', key, named(ann))
    assert.deepEqual([first.status, again.body.secret], [201, first.body.secret])
    const elsewhere = named({ headers: await secondSession(app, ann) })
    const hidden = await app.call('POST', '/v1/admin-keys', key, elsewhere)
    assert.deepEqual([hidden.status, hidden.body.code], [409, 'replay_unavailable'])
    const ofOther = await app.call('POST', '/v1/admin-keys', key, named(other))
    assert.equal(ofOther.status, 201)
    assert.notEqual(ofOther.body.id, first.body.id)
  })

  it('MGT-01: prefers a token in a header, and does not fall back to the cookie', async () => {
    const { token } = await staffAs(app, 'administrator')
    const call = (as: string) =>
      app.call('GET', '/v1/owners', undefined, { as, headers: staffHeaders(token) })
    assert.equal((await call(app.adminKey)).status, 200)
    assert.equal((await call('ak_wrong')).body.code, 'invalid_token')
  })
})
