import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { TestClient } from '../../test/app.ts'
import { openJar } from '../../test/cookie-jar.ts'
import {
  allow,
  arrive,
  authorizePath,
  connect,
  EMAIL,
  type OAuthApp,
  openOAuthApp,
  pkce,
  post,
  REDIRECT_URI,
  ticked,
} from '../../test/oauth.ts'
import { makeUser, PASSWORD } from '../../test/sign-in.ts'

const ISSUER = 'http://doorward.test'

describe('the authorization endpoint', () => {
  let oauth: OAuthApp
  let client: TestClient
  before(async () => {
    oauth = await openOAuthApp()
    client = await oauth.app.clientFor(null, {
      scopes: ['orders:read', 'orders:write'],
      redirect_uris: [REDIRECT_URI, 'http://127.0.0.1/cb', `${REDIRECT_URI}?tenant=1`],
    })
    await oauth.app.call('POST', '/v1/scopes', { name: 'admin:all', description: 'Everything' })
  })
  after(() => oauth.close())

  const asked = (more: Record<string, string | undefined> = {}) => ({
    client_id: client.client_id,
    code_challenge: pkce().challenge,
    ...more,
  })
  const newJar = () => openJar(oauth.origin)

  it('AUZ-01 AUZ-03 AUZ-04 AUZ-05 AUZ-14: until client and redirect URI are certain, a page and no redirect', async () => {
    const dead = await oauth.app.clientFor(null)
    await oauth.app.call('POST', `/v1/clients/${dead.client_id}/suspend`, { reason: 'test' })
    const rows: [what: string, Record<string, string | undefined>][] = [
      ['no client', { client_id: undefined }],
      ['an unknown client', { client_id: 'cli_nobody' }],
      ['a client id of strange signs', { client_id: 'cli_\u0000' }],
      ['a suspended client', { client_id: dead.client_id }],
      ['no redirect URI', { redirect_uri: undefined }],
      ['a longer path', { redirect_uri: `${REDIRECT_URI}/x` }],
      ['another case', { redirect_uri: 'https://APP.example.com/cb' }],
      ['a query', { redirect_uri: `${REDIRECT_URI}?x=1` }],
      ['a fragment', { redirect_uri: `${REDIRECT_URI}#x` }],
      ['a user name', { redirect_uri: 'https://app.example.com@evil.example/cb' }],
      ['dots', { redirect_uri: 'https://app.example.com/x/../cb' }],
      ['another port', { redirect_uri: 'https://app.example.com:8443/cb' }],
      ['http', { redirect_uri: 'http://app.example.com/cb' }],
      ['a script', { redirect_uri: 'javascript:alert(1)' }],
      ['a loopback address with another path', { redirect_uri: 'http://127.0.0.1:9/x' }],
      ['another loopback address', { redirect_uri: 'http://localhost/cb' }],
    ]
    for (const [what, more] of rows) {
      const answer = await newJar().get(authorizePath(asked(more)))
      assert.deepEqual([answer.status, answer.location], [400, null], what)
      assert.match(answer.headers.get('content-type') ?? '', /^text\/html/, what)
      assert.doesNotMatch(answer.text, /javascript:|evil/, what)
    }
    const twice = await newJar().get(
      `${authorizePath(asked())}&redirect_uri=${encodeURIComponent(REDIRECT_URI)}`,
    )
    assert.deepEqual([twice.status, twice.location], [400, null])
  })

  it('AUZ-06 to AUZ-10, AUZ-12, AUZ-13: every other fault goes back with state and issuer, and names itself', async () => {
    const rows: [what: string, Record<string, string | undefined>, error: string][] = [
      ['no response type', { response_type: undefined }, 'invalid_request'],
      ['an empty one', { response_type: '' }, 'invalid_request'],
      ['another response type', { response_type: 'token' }, 'unsupported_response_type'],
      ['a hybrid', { response_type: 'code id_token' }, 'unsupported_response_type'],
      ['another response mode', { response_mode: 'fragment' }, 'invalid_request'],
      ['no challenge', { code_challenge: undefined }, 'invalid_request'],
      ['a plain challenge', { code_challenge_method: 'plain' }, 'invalid_request'],
      ['no method, which means plain', { code_challenge_method: undefined }, 'invalid_request'],
      ['a short challenge', { code_challenge: 'abc' }, 'invalid_request'],
      ['a padded challenge', { code_challenge: `${'a'.repeat(43)}=` }, 'invalid_request'],
      ['an unknown scope', { scope: 'orders:read orders:eat' }, 'invalid_scope'],
      ['only what the client may not have', { scope: 'admin:all' }, 'invalid_scope'],
      ['a resource that is none', { resource: 'https://other.example' }, 'invalid_target'],
      ['a prompt that is none', { prompt: 'maybe' }, 'invalid_request'],
      ['none and another', { prompt: 'none login' }, 'invalid_request'],
      ['a max_age that is none', { max_age: 'soon' }, 'invalid_request'],
      ['a request object', { request: 'x.y.z' }, 'request_not_supported'],
      ['a request URI', { request_uri: 'https://a.example' }, 'request_uri_not_supported'],
    ]
    for (const [what, more, error] of rows) {
      const answer = await newJar().get(authorizePath(asked({ state: 'a b', ...more })))
      assert.equal(answer.status, 303, what)
      const back = new URL(answer.location ?? '')
      assert.equal(back.origin + back.pathname, REDIRECT_URI, what)
      assert.deepEqual(
        [back.searchParams.get('error'), back.searchParams.get('state'), back.searchParams.getAll('iss')],
        [error, 'a b', [ISSUER]],
        what,
      )
    }
    const unknown = await newJar().get(authorizePath(asked({ scope: 'orders:eat' })))
    assert.equal(
      new URL(unknown.location ?? '').searchParams.get('error_description'),
      'There is no scope orders:eat.',
    )
    const repeated = await newJar().get(`${authorizePath(asked())}&scope=orders:read&scope=orders:read`)
    assert.match(repeated.location ?? '', /error=invalid_request/)
  })

  it('AUZ-10 AUZ-11: state comes back byte for byte, and the issuer with it', async () => {
    for (const state of ['a+b c%20~é✓&=?#', 'x'.repeat(4_000), '%25%2B', undefined]) {
      const back = await connect(newJar(), asked({ state }))
      assert.deepEqual(
        [back.searchParams.get('state'), back.searchParams.getAll('iss')],
        [state ?? null, [ISSUER]],
      )
      assert.ok(back.searchParams.get('code'))
    }
    const withQuery = await connect(newJar(), asked({ redirect_uri: `${REDIRECT_URI}?tenant=1` }))
    assert.equal(withQuery.searchParams.get('tenant'), '1')
    const loopback = await connect(newJar(), asked({ redirect_uri: 'http://127.0.0.1:45001/cb' }))
    assert.equal(loopback.port, '45001')
    const tooLong = await newJar().get(authorizePath(asked({ state: 'x'.repeat(5_000) })))
    assert.match(tooLong.location ?? '', /error=invalid_request/)
  })

  it('AUZ-19: prompt=none answers by redirect, whoever is there', async () => {
    const errorOf = async (jar: ReturnType<typeof newJar>, more = {}) => {
      const answer = await jar.get(authorizePath(asked({ prompt: 'none', ...more })))
      return new URL(answer.location ?? '').searchParams
    }
    assert.equal((await errorOf(newJar())).get('error'), 'login_required')
    const jar = newJar()
    const stranger = await oauth.app.clientFor(null)
    await connect(jar, asked())
    assert.ok((await errorOf(jar)).get('code'), 'what was granted before needs no question')
    assert.equal((await errorOf(jar, { client_id: stranger.client_id })).get('error'), 'consent_required')
    oauth.app.clock.advance({ seconds: 600 })
    assert.ok((await errorOf(jar, { max_age: '601' })).get('code'))
    assert.equal((await errorOf(jar, { max_age: '599' })).get('error'), 'login_required')
  })

  it('AUZ-19: prompt=login has the user prove it anew, prompt=consent asks anew', async () => {
    const jar = newJar()
    await connect(jar, asked())
    oauth.app.clock.advance({ seconds: 5 })
    const form = await jar.follow(await jar.get(authorizePath(asked({ prompt: 'login' }))))
    assert.match(form.text, /name="password"/)
    const back = await jar.follow(await jar.submit(form, { email: EMAIL, password: PASSWORD }))
    assert.ok(new URL(back.location ?? '').searchParams.get('code'))
    const page = await arrive(jar, authorizePath(asked({ prompt: 'consent' })))
    assert.deepEqual(ticked(page), [
      ['scope', 'orders:read'],
      ['scope', 'orders:write'],
    ])
  })

  it('CON-17: no silent yes for whoever cannot be told from another', async () => {
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
    const silent = await jar.get(authorizePath(asked({ client_id: app.client_id, prompt: 'none' })))
    assert.match(silent.location ?? '', /code=/, 'an https address is somebody')
  })

  it('CON-15 CON-20 AUZ-15: what is left out is not granted; a no is told with state, and granted nothing', async () => {
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
    const form = {
      grant_type: 'authorization_code',
      code: back.searchParams.get('code') ?? '',
      code_verifier: verifier,
    }
    const { body } = await post(oauth.origin, '/oauth/token', form, {
      basic: [app.client_id, app.client_secret],
    })
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
    assert.equal(both.length, 1, 'one answer')
    const { body } = await oauth.app.call('GET', `/v1/grants?client_id=${app.client_id}`)
    assert.deepEqual(
      body.data.map((grant: { scopes: string[] }) => grant.scopes),
      [['orders:read']],
    )
  })

  it('AUZ-02: a redirect URI that is taken away meanwhile is not used', async () => {
    const app = await oauth.app.clientFor(null)
    const jar = newJar()
    const page = await arrive(jar, authorizePath(asked({ client_id: app.client_id })))
    await oauth.app.call('PATCH', `/v1/clients/${app.client_id}`, { redirect_uris: ['https://b.example/cb'] })
    const answer = await jar.submit(page, [...ticked(page), ['decision', 'allow']])
    assert.deepEqual([answer.status, answer.location], [400, null])
  })

  it('REG-05: a draft is for its testers alone', async () => {
    const draft = await oauth.app.clientFor(null, { draft: true })
    const path = authorizePath(asked({ client_id: draft.client_id }))
    const jar = newJar()
    const refused = await arrive(jar, path)
    assert.deepEqual([refused.status, refused.location], [403, null])
    await oauth.app.call('PATCH', `/v1/clients/${draft.client_id}`, { testers: [oauth.userId] })
    assert.equal((await arrive(jar, path)).status, 200)
  })

  it('AUZ-16 WEB-01: no CORS, no frames, and a form that may lead to the app', async () => {
    const app = await oauth.app.clientFor(null)
    const page = await arrive(newJar(), authorizePath(asked({ client_id: app.client_id })))
    assert.equal(page.headers.get('access-control-allow-origin'), null)
    const policy = page.headers.get('content-security-policy') ?? ''
    assert.match(policy, /frame-ancestors 'none'/)
    assert.match(policy, /form-action 'self' https:\/\/app\.example\.com(;|$)/)
    assert.equal(page.headers.get('cache-control'), 'no-store')
  })
})

describe('a user of several workspaces', () => {
  let oauth: OAuthApp
  before(async () => {
    oauth = await openOAuthApp({ owners: ['org_1', 'org_2'] })
  })
  after(() => oauth.close())

  it('CON-19: chooses one, has a grant for each, and takes back one without the other', async () => {
    const client = await oauth.app.clientFor(null)
    const connectFor = async (ownerId: string) => {
      const { verifier, challenge } = pkce()
      const asked = { client_id: client.client_id, code_challenge: challenge, prompt: 'consent' }
      const page = await arrive(oauth.jar, authorizePath(asked))
      const fields = ticked(page).filter(([name]) => name !== 'owner_id')
      const back = await allow(oauth.jar, page, [...fields, ['owner_id', ownerId]])
      const form = {
        grant_type: 'authorization_code',
        code: back.searchParams.get('code') ?? '',
        code_verifier: verifier,
      }
      return (
        await post(oauth.origin, '/oauth/token', form, { basic: [client.client_id, client.client_secret] })
      ).body
    }
    const first = await connectFor('org_1')
    const second = await connectFor('org_2')
    const verdict = async (credential: string) =>
      (await oauth.app.call('POST', '/v1/verify', { credential })).body
    assert.equal((await verdict(first.access_token)).principal.owner_id, 'org_1')
    assert.equal((await verdict(second.access_token)).principal.owner_id, 'org_2')

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

it('TOK-14 MGT-01: no token reaches the management API, nor the pages of a user', async () => {
  const oauth = await openOAuthApp()
  const client = await oauth.app.clientFor(null)
  const { verifier, challenge } = pkce()
  const back = await connect(oauth.jar, { client_id: client.client_id, code_challenge: challenge })
  const form = {
    grant_type: 'authorization_code',
    code: back.searchParams.get('code') ?? '',
    code_verifier: verifier,
  }
  const { body } = await post(oauth.origin, '/oauth/token', form, {
    basic: [client.client_id, client.client_secret],
  })
  for (const credential of [body.access_token, body.refresh_token])
    for (const path of ['/v1/grants', '/v1/keys', '/v1/verify', '/v1/clients']) {
      const method = path === '/v1/verify' ? 'POST' : 'GET'
      const answer = await oauth.app.call(method, path, method === 'POST' ? {} : undefined, {
        as: credential,
      })
      assert.equal(answer.status, 401, path)
    }
  const page = await openJar(oauth.origin).get('/connected-apps', {
    authorization: `Bearer ${body.access_token}`,
  })
  assert.equal(page.status, 303)
  await oauth.close()
})
