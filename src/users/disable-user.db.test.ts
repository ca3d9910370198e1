import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { hiddenFields, openJar } from '../../test/cookie-jar.ts'
import { ENGINE } from '../../test/database.ts'
import { eventually } from '../../test/eventually.ts'
import {
  arrive,
  authorizePath,
  connect,
  type OAuthApp,
  openOAuthApp,
  pkce,
  post,
  redeem,
  ticked,
} from '../../test/oauth.ts'
import { isSignedIn, makeUser, openForm, PASSWORD, signedInJar } from '../../test/sign-in.ts'
import { newId } from '../base/id.ts'
import type { Tx } from '../db/schema.ts'
import { insertSession } from '../sessions/session.store.ts'
import { holdEnabled, insertDisabling, lockUser } from './disabled-user.store.ts'

describe('a disabled user', () => {
  let oauth: OAuthApp
  before(async () => {
    oauth = await openOAuthApp({ owners: [] })
  })
  after(() => oauth.close())

  const disable = (id: string, reason = 'left the company') =>
    oauth.app.call('POST', `/v1/users/${id}/disable`, { reason })
  const enable = (id: string) => oauth.app.call('POST', `/v1/users/${id}/enable`)
  const events = async (id: string) => {
    const { body } = await oauth.app.call('GET', `/v1/audit-events?target_id=${id}`)
    return body.data as { action: string; detail: object }[]
  }
  const pathOf = (url: string) => url.replace('http://doorward.test', '')

  it('REF-10 CON-12: loses sessions, codes and tokens at once, and gets none of them back when enabled', async () => {
    const { app, origin } = oauth
    const id = await makeUser(app, 'ann@acme.example', ['org_1'])
    const client = await app.clientFor(null)
    const jar = openJar(origin)
    const { verifier, challenge } = pkce()
    const asked = { client_id: client.client_id, code_challenge: challenge }
    const tokens = await redeem(origin, client, await connect(jar, asked, 'ann@acme.example'), verifier)
    const waiting = await connect(jar, asked, 'ann@acme.example')
    const isAccepted = async () =>
      (await app.call('POST', '/v1/verify', { credential: tokens.access_token })).body.valid
    const refreshed = async (token: string) => {
      const form = { grant_type: 'refresh_token', refresh_token: token }
      return await post(origin, '/oauth/token', form, { basic: [client.client_id, client.client_secret] })
    }
    const alive = await refreshed(tokens.refresh_token)
    assert.deepEqual([await isAccepted(), alive.status, await isSignedIn(jar)], [true, 200, true])

    assert.equal((await disable(id)).status, 200)
    const refused = async () => [
      await isAccepted(),
      (await refreshed(alive.body.refresh_token)).body.error,
      (await redeem(origin, client, waiting, verifier)).error,
      await isSignedIn(jar),
    ]
    assert.deepEqual(await refused(), [false, 'invalid_grant', 'invalid_grant', false])
    const [event] = await events(id)
    assert.deepEqual(
      [event?.action, event?.detail],
      ['user.disabled', { reason: 'left the company', sessions_ended: 1, grants_revoked: 1 }],
    )

    assert.equal((await enable(id)).status, 200)
    assert.deepEqual(await refused(), [false, 'invalid_grant', 'invalid_grant', false])
    app.clock.advance({ seconds: 1 })
    // Verified again: an earlier acceptance is not cached.
    const anew = await redeem(origin, client, await connect(jar, asked, 'ann@acme.example'), verifier)
    assert.equal((await app.call('POST', '/v1/verify', { credential: anew.access_token })).body.valid, true)
    const { body } = await app.call('GET', `/v1/grants?user_id=${id}`)
    assert.deepEqual(
      body.data.map(({ state, revoked_reason }: { state: string; revoked_reason: string | null }) => [
        state,
        revoked_reason,
      ]),
      [
        ['active', null],
        ['revoked', 'user_disabled'],
      ],
    )
  })

  it('CON-06: cannot sign in, and gets the response to a wrong password', async () => {
    const id = await makeUser(oauth.app, 'bo@acme.example')
    const answerTo = async (password: string) => {
      const jar = openJar(oauth.origin)
      const form = await openForm(jar)
      const { status, text } = await jar.submit(form, { email: 'bo@acme.example', password })
      const fields = [form.text, text].flatMap((page) => Object.values(hiddenFields(page)))
      return [status, fields.reduce((left, value) => left.replaceAll(value, ''), text), jar.cookies.size]
    }
    await disable(id)
    const answer = await answerTo(PASSWORD)
    assert.equal(answer[0], 401)
    assert.deepEqual(answer, await answerTo('not this one at all'))
    const { body } = await oauth.app.call('GET', '/v1/refused-attempts')
    assert.equal(body.data[0].codes.sign_in_refused, 2)
    await enable(id)
    assert.equal(await isSignedIn(await signedInJar(oauth.origin, 'bo@acme.example')), true)
  })

  it('CON-08: sets no password by a link, whether issued before or requested now', async () => {
    const { body: user } = await oauth.app.call('POST', '/v1/users', { email: 'cy@acme.example', name: 'Cy' })
    const path = pathOf(user.password_link.url)
    const jar = openJar(oauth.origin)
    const form = await jar.get(path)
    await disable(user.id)
    assert.equal((await jar.submit(form, { password: PASSWORD })).status, 400)
    assert.equal((await jar.get(path)).status, 400)
    const wished = await oauth.app.call('POST', `/v1/users/${user.id}/password-link`)
    assert.deepEqual([wished.status, wished.body.code], [409, 'user_disabled'])
    await enable(user.id)
    assert.equal((await jar.get(path)).status, 400)
    const { body: fresh } = await oauth.app.call('POST', `/v1/users/${user.id}/password-link`)
    assert.equal((await jar.get(pathOf(fresh.url))).status, 200)
  })

  it('is shown as disabled; disabling twice is not an error, and the first reason is kept', async () => {
    const id = await makeUser(oauth.app, 'di@acme.example')
    const now = oauth.app.clock.now().toISOString()
    const standing = { id, disabled_at: now, disabled_reason: 'left the company' }
    assert.deepEqual((await disable(id)).body, standing)
    assert.deepEqual((await disable(id, 'another reason')).body, standing)
    const shown = async () => {
      const { body } = await oauth.app.call('GET', `/v1/users/${id}`)
      return { id: body.id, disabled_at: body.disabled_at, disabled_reason: body.disabled_reason }
    }
    assert.deepEqual(await shown(), standing)
    for (let n = 0; n < 2; n++)
      assert.deepEqual((await enable(id)).body, { id, disabled_at: null, disabled_reason: null })
    assert.deepEqual(await shown(), { id, disabled_at: null, disabled_reason: null })
    const actions = (await events(id)).map(({ action }) => action)
    assert.deepEqual(actions, ['user.enabled', 'user.disabled', 'user.created'])
    for (const verb of ['disable', 'enable'])
      assert.equal(
        (await oauth.app.call('POST', `/v1/users/usr_none/${verb}`, verb === 'enable' ? {} : { reason: 'x' }))
          .status,
        404,
      )
  })

  /** Waits until another transaction waits for this one's locks. On PGlite all wait for its one connection. */
  const somebodyWaits = async (tx: Tx) => {
    if (ENGINE !== 'postgres') return
    await eventually(async () => {
      const { rows } = await sql`select pid from pg_locks where not granted and locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database())`.execute(tx)
      return rows.length === 1 ? 'waits' : 'does not'
    }, 'waits')
  }

  it('REF-10: is disabled after a session that is being created, and ends it too', async () => {
    const { db, clock } = oauth.app
    const userId = await makeUser(oauth.app, 'ed@acme.example')
    const { disabling } = await db.transaction().execute(async (tx) => {
      assert.equal(await holdEnabled(tx, userId), true)
      const disabling = disable(userId)
      await somebodyWaits(tx)
      const begun = { id: newId('ses'), userId, person: null, authenticatedAt: clock.now() }
      await insertSession(tx, Buffer.alloc(32, 1), { ...begun, ip: null, userAgent: null }, clock.now())
      return { disabling }
    })
    assert.equal((await disabling).status, 200)
    const { body } = await oauth.app.call('GET', `/v1/users/${userId}/sessions`)
    assert.deepEqual(body.data, [])
  })

  it('REF-10: grants nothing by a form that arrives while the user is disabled', async () => {
    const { app, origin } = oauth
    const userId = await makeUser(app, 'flo@acme.example', ['org_1'])
    const { client_id } = await app.clientFor(null)
    const jar = openJar(origin)
    const asked = { client_id, code_challenge: pkce().challenge }
    const page = await arrive(jar, authorizePath(asked), 'flo@acme.example')
    const { answering } = await app.db.transaction().execute(async (tx) => {
      await lockUser(tx, userId)
      const answering = jar.submit(page, [...ticked(page), ['decision', 'allow']])
      await somebodyWaits(tx)
      // The session is left in place, so that its end is not the cause of the refusal.
      await insertDisabling(tx, { userId, disabledAt: app.clock.now(), reason: 'test' }, 'adm_test')
      return { answering }
    })
    const answer = await answering
    assert.ok(answer.location === null && answer.status >= 400, `${answer.status} ${answer.location}`)
    assert.deepEqual((await app.call('GET', `/v1/grants?user_id=${userId}`)).body.data, [])
  })
})
