import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { openJar } from '../../../test/cookie-jar.ts'
import { ENGINE } from '../../../test/database.ts'
import { eventually } from '../../../test/eventually.ts'
import {
  allow,
  arrive,
  authorizePath,
  connect,
  type OAuthApp,
  openOAuthApp,
  pkce,
  REDIRECT_URI,
  redeem,
  ticked,
} from '../../../test/oauth.ts'
import { makeUser } from '../../../test/sign-in.ts'
import { holdOwner } from '../../owners/owner.store.ts'

const ISSUER = 'http://doorward.test'

describe('a decision about an app', () => {
  let oauth: OAuthApp
  before(async () => {
    oauth = await openOAuthApp()
    await oauth.app.call('POST', '/v1/scopes', { name: 'admin:all', description: 'Everything' })
  })
  after(() => oauth.close())

  const asked = (more: Record<string, string | undefined>) => ({
    code_challenge: pkce().challenge,
    ...more,
  })
  const newJar = () => openJar(oauth.origin)

  it('CON-17: prior consent never answers for a client that can be impersonated', async () => {
    const app = await oauth.app.clientFor(null, {
      type: 'public',
      redirect_uris: ['http://127.0.0.1/cb', 'com.example.app:/cb', REDIRECT_URI],
    })
    const jar = newJar()
    for (const uri of ['http://127.0.0.1:7001/cb', 'com.example.app:/cb']) {
      for (const _ of [1, 2]) {
        const page = await arrive(jar, authorizePath(asked({ client_id: app.client_id, redirect_uri: uri })))
        assert.match(page.text, /name="decision"/, uri)
        await allow(jar, page)
      }
      const none = await jar.get(
        authorizePath(asked({ client_id: app.client_id, redirect_uri: uri, prompt: 'none' })),
      )
      assert.match(none.location ?? '', /error=consent_required/)
    }
    const byHttps = () => jar.get(authorizePath(asked({ client_id: app.client_id, prompt: 'none' })))
    assert.match((await byHttps()).location ?? '', /error=consent_required/, 'its host was never shown')
    await allow(jar, await arrive(jar, authorizePath(asked({ client_id: app.client_id }))))
    assert.match((await byHttps()).location ?? '', /code=/, 'an https address is somebody')
  })

  it('CON-15 CON-20 AUZ-15: what is left out is not granted; a denial is returned with state, and grants nothing', async () => {
    const app = await oauth.app.clientFor(null, {
      scopes: ['orders:read', 'orders:write'],
      required_scopes: ['orders:read'],
    })
    const { verifier, challenge } = pkce()
    const jar = newJar()
    const page = await arrive(
      jar,
      authorizePath(asked({ client_id: app.client_id, code_challenge: challenge, state: 's' })),
    )
    assert.deepEqual(ticked(page), [['scope', 'orders:write']], 'what it cannot do without is no choice')
    for (const said of ['An app', 'app.example.com', 'Ann Archer', 'Allows orders:read', 'Connected apps'])
      assert.ok(page.text.includes(said), said)
    const denied = await jar.submit(page, { decision: 'deny' })
    assert.equal(denied.status, 303)
    const no = new URL(denied.location ?? '').searchParams
    assert.deepEqual([no.get('error'), no.get('state'), no.get('iss')], ['access_denied', 's', ISSUER])
    assert.equal((await jar.submit(page, { decision: 'allow' })).status, 400, 'it is over')

    const again = await arrive(
      jar,
      authorizePath(asked({ client_id: app.client_id, code_challenge: challenge })),
    )
    const back = await allow(jar, again, [])
    const body = await redeem(oauth.origin, app, back, verifier)
    assert.equal(body.scope, 'orders:read')

    const more = await arrive(jar, authorizePath(asked({ client_id: app.client_id })))
    assert.deepEqual(ticked(more), [['scope', 'orders:write']])
    assert.ok(more.text.includes('You allowed before: Allows orders:read'), 'only what is new is asked')
  })

  it('CON-16: a decision belongs to one browser, one session and one request, and is taken once', async () => {
    const jar = newJar()
    const app = await oauth.app.clientFor(null)
    const path = () => authorizePath(asked({ client_id: app.client_id }))
    const page = await arrive(jar, path())
    const other = newJar()
    await arrive(other, path())
    assert.equal((await other.submit(page, { decision: 'allow' })).status, 403, 'another browser')
    assert.equal(
      (await jar.post('/oauth/consent', { request: 'ar_x', decision: 'allow' })).status,
      403,
      'no token',
    )
    const crossSite = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
    const forged = await jar.post('/oauth/consent', { decision: 'allow' }, crossSite)
    assert.equal(forged.status, 403, 'another site')

    await makeUser(oauth.app, 'bob@example.com', ['org_1'])
    await jar.submit(await jar.follow(await jar.get('/sign-in')), {})
    assert.match((await arrive(jar, '/sign-in', 'bob@example.com')).text, /You are signed in/)
    const late = await jar.submit(page, { decision: 'allow' })
    assert.equal(late.status, 403, 'somebody else is signed in now')

    const mine = newJar()
    const fresh = await arrive(mine, path())
    const tampered = await mine.submit(fresh, [
      ['decision', 'allow'],
      ['scope', 'admin:all'],
      ['scope', 'orders:read'],
      ['owner_id', 'org_2'],
    ])
    assert.equal(tampered.status, 422, 'a workspace that is not theirs')
    const answers = await Promise.allSettled([allow(mine, fresh), allow(mine, fresh)])
    const both = answers.filter(({ status }) => status === 'fulfilled')
    assert.equal(both.length, 2, 'sent twice, it is one answer')
    const codes = oauth.app.db.selectFrom('authorization_codes').select('hash')
    // Each answer has a code of its own: which of the two the browser shows is not known here.
    assert.equal((await codes.where('client_id', '=', app.client_id).execute()).length, 2)
    const { body } = await oauth.app.call('GET', `/v1/grants?client_id=${app.client_id}`)
    assert.deepEqual(
      body.data.map((grant: { scopes: string[] }) => grant.scopes),
      [['orders:read']],
    )
  })

  it('CON-17: prior consent does not change the grant', async () => {
    const app = await oauth.app.clientFor(null, { scopes: ['orders:read', 'orders:write'] })
    const jar = newJar()
    const { verifier, challenge } = pkce()
    const back = await connect(jar, asked({ client_id: app.client_id, code_challenge: challenge }))
    const body = await redeem(oauth.origin, app, back, verifier)
    const grants = async () =>
      (await oauth.app.call('GET', `/v1/grants?client_id=${app.client_id}`)).body.data
    const before = await grants()
    oauth.app.clock.advance({ seconds: 60 })
    const silent = await jar.follow(
      await jar.get(authorizePath(asked({ client_id: app.client_id, scope: 'orders:read' }))),
    )
    assert.match(silent.location ?? '', /code=/)
    assert.deepEqual(await grants(), before, 'neither its scopes nor its moments')
    const question = { credential: body.access_token, scopes: ['orders:write'] }
    assert.equal((await oauth.app.call('POST', '/v1/verify', question)).body.valid, true)
  })

  it('REF-10 CON-19: a consent that races the end of the user’s access leaves nothing behind', async () => {
    const email = 'racer@example.com'
    const userId = await makeUser(oauth.app, email, ['org_race'])
    const member = `/v1/owners/org_race/members/${userId}`
    for (let round = 0; round < 8; round++) {
      const app = await oauth.app.clientFor(null)
      await oauth.app.call('PUT', member)
      const jar = newJar()
      const page = await arrive(jar, authorizePath(asked({ client_id: app.client_id })), email)
      const saying = jar.submit(page, [...ticked(page), ['decision', 'allow']])
      const [answer] = await Promise.all([saying, oauth.app.call('DELETE', member)])
      assert.ok(answer.status < 500, answer.text)
      const { body } = await oauth.app.call('GET', `/v1/grants?user_id=${userId}&state=active`)
      assert.deepEqual(body.data, [], `round ${round}`)
    }
  })

  const skip = ENGINE === 'pglite' ? 'one connection: nobody waits for a lock' : false
  it('a consent to an owner’s app and a policy that reaches its secrets do not deadlock', {
    skip,
  }, async () => {
    const email = 'patient@example.com'
    await makeUser(oauth.app, email, ['org_busy'])
    const { client_id } = await oauth.app.clientFor('org_busy', { draft: false })
    const jar = newJar()
    const page = await arrive(jar, authorizePath(asked({ client_id })), email)
    const both = await oauth.app.db.transaction().execute(async (tx) => {
      await holdOwner(tx, 'org_busy')
      const waits = (n: number) =>
        eventually(async () => {
          const { rows } = await sql`select distinct pid from pg_locks where not granted`.execute(tx)
          return `${rows.length}`
        }, `${n}`)
      const tightening = oauth.app.call('PATCH', '/v1/owners/org_busy', {
        max_lifetime_seconds: 3600,
        apply_at_once: true,
      })
      await waits(1)
      const saying = allow(jar, page)
      await waits(2)
      return { tightening, saying }
    })
    assert.equal((await both.tightening).body.secrets_shortened, 1)
    assert.match((await both.saying).searchParams.get('code') ?? '', /^ac_/)
  })
})

describe('a user of several workspaces', () => {
  let oauth: OAuthApp
  before(async () => {
    oauth = await openOAuthApp({ owners: ['org_1', 'org_2'] })
  })
  after(() => oauth.close())

  it('CON-19: the user chooses one, has a grant for each, and revokes one without the other', async () => {
    const client = await oauth.app.clientFor(null)
    const connectFor = async (ownerId: string) => {
      const { verifier, challenge } = pkce()
      const asked = { client_id: client.client_id, code_challenge: challenge }
      const page = await arrive(oauth.jar, authorizePath(asked))
      const fields = ticked(page).filter(([name]) => name !== 'owner_id')
      const back = await allow(oauth.jar, page, [...fields, ['owner_id', ownerId]])
      return await redeem(oauth.origin, client, back, verifier)
    }
    const first = await connectFor('org_1')
    const second = await connectFor('org_2')
    const verdict = async (credential: string) =>
      (await oauth.app.call('POST', '/v1/verify', { credential })).body
    assert.equal((await verdict(first.access_token)).principal.owner_id, 'org_1')
    assert.equal((await verdict(second.access_token)).principal.owner_id, 'org_2')

    const none = { client_id: client.client_id, code_challenge: pkce().challenge, prompt: 'none' }
    assert.match((await oauth.jar.get(authorizePath(none))).location ?? '', /error=consent_required/)
    const list = await oauth.jar.get('/connected-apps')
    const links = [...list.text.matchAll(/href="(\/connected-apps\?app=grt_\w+)"/g)].map(
      ([, href = '']) => href,
    )
    assert.equal(links.length, 2, 'one row for each app and workspace')
    const pages = await Promise.all(links.map((link) => oauth.jar.get(link)))
    const one = pages.find(({ text }) => text.includes('<strong>org_1</strong>'))
    assert.ok(one)
    const removed = await oauth.jar.submit(one, { decision: 'remove' })
    assert.equal(removed.status, 303)
    assert.equal((await verdict(first.access_token)).refusal.reason, 'revoked')
    assert.equal((await verdict(second.access_token)).valid, true)
  })
})
