import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { TestClient } from '../../../test/app.ts'
import { openJar } from '../../../test/cookie-jar.ts'
import {
  arrive,
  authorizePath,
  connect,
  EMAIL,
  type OAuthApp,
  openOAuthApp,
  pkce,
  REDIRECT_URI,
  redeem,
  ticked,
} from '../../../test/oauth.ts'
import { PASSWORD } from '../../../test/sign-in.ts'

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
    assert.match(tooLong.location ?? '', /error=invalid_request.*more\+than\+4096/)
    for (const state of ['a%00b', 'a%ffb', '%c3%28', '%ed%a0%80']) {
      const answer = await newJar().get(`${authorizePath(asked())}&state=${state}`)
      const said = new URL(answer.location ?? '').searchParams
      assert.deepEqual([said.get('error'), said.get('state')], ['invalid_request', null], state)
      assert.equal(said.get('error_description'), 'state is not UTF-8, or contains NUL or U+FFFD.')
    }
  })

  it('AUZ-19: prompt=none answers by redirect, signed in or not', async () => {
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

  it('AUZ-19: prompt=login asks for credentials again, prompt=consent asks for consent again', async () => {
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

  it('AUZ-02: a redirect URI that is removed meanwhile is not used', async () => {
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

  it('AUZ-18: an error never redirects to an unchecked app before the user has signed in (open redirect)', async () => {
    const owned = await oauth.app.clientFor('org_dev', { draft: false })
    await oauth.app.call('POST', `/v1/clients/${owned.client_id}/publish`)
    const draft = await oauth.app.clientFor(null, { draft: true })
    const jar = newJar()
    await arrive(jar, '/sign-in')
    for (const { client_id } of [owned, draft])
      for (const more of [{ response_type: 'token' }, { prompt: 'none' }]) {
        const stranger = await newJar().get(authorizePath(asked({ client_id, ...more })))
        assert.deepEqual([stranger.status, stranger.location], [400, null])
        const known = await jar.get(authorizePath(asked({ client_id, ...more })))
        assert.match(known.location ?? '', /^https:\/\/app\.example\.com\/cb\?error=/)
      }
  })

  it('AUZ-16 WEB-01 WEB-02: no CORS, no frames, and a form that may lead to the app', async () => {
    const app = await oauth.app.clientFor(null)
    const page = await arrive(newJar(), authorizePath(asked({ client_id: app.client_id })))
    assert.equal(page.headers.get('access-control-allow-origin'), null)
    const policy = page.headers.get('content-security-policy') ?? ''
    assert.match(policy, /frame-ancestors 'none'/)
    assert.doesNotMatch(policy, /form-action/)
    assert.equal(page.headers.get('cache-control'), 'no-store')
  })

  it('WEB-02 WEB-04: pages on the way to an app leave form-action and the opener alone; others do not', async () => {
    const app = await oauth.app.clientFor(null)
    const jar = newJar()
    const policies = ({ headers }: { headers: Headers }) => [
      /form-action[^;]*/.exec(headers.get('content-security-policy') ?? '')?.[0] ?? null,
      headers.get('cross-origin-opener-policy'),
    ]
    const began = await jar.get(authorizePath(asked({ client_id: app.client_id })))
    assert.deepEqual(policies(began)[1], 'unsafe-none', 'a redirect on the way')
    const signIn = await jar.follow(began)
    assert.deepEqual(policies(signIn), [null, 'unsafe-none'])
    const question = await jar.follow(await jar.submit(signIn, { email: EMAIL, password: PASSWORD }))
    assert.deepEqual(policies(question), [null, 'unsafe-none'])
    assert.deepEqual(policies(await jar.submit(question, { decision: 'deny' }))[1], 'unsafe-none')
    for (const path of ['/connected-apps', '/signed-out', '/set-password'])
      assert.deepEqual(policies(await jar.get(path)), ["form-action 'self'", 'same-origin'], path)
  })

  it('WEB-06: a HEAD keeps nothing, whatever it asks', async () => {
    const rows = async () => [
      await oauth.app.db.selectFrom('authorization_requests').select('hash').execute(),
      await oauth.app.db.selectFrom('login_challenges').select('hash').execute(),
    ]
    const before = await rows()
    for (const more of [{}, { client_id: 'cli_nobody' }]) {
      const answer = await fetch(oauth.origin + authorizePath(asked(more)), { method: 'HEAD' })
      assert.deepEqual([answer.status, answer.headers.get('set-cookie')], [200, null])
    }
    assert.deepEqual(await rows(), before)
  })

  it('AUZ-10 AUZ-11 AUZ-15: a request by POST is the same as by GET, also without our cookies', async () => {
    const app = await oauth.app.clientFor(null)
    const fields = (more: Record<string, string> = {}) =>
      Object.fromEntries(
        new URL(authorizePath(asked({ client_id: app.client_id, ...more })), ISSUER).searchParams,
      )
    const jar = newJar()
    await arrive(jar, '/sign-in')
    const crossSite = { origin: 'https://app.example.com', 'sec-fetch-site': 'cross-site', cookie: '' }
    const posted = await jar.post('/oauth/authorize', fields({ state: 'a+b %&' }), crossSite)
    assert.deepEqual([posted.status, posted.headers.get('set-cookie')], [303, null])
    const page = await jar.follow(posted)
    assert.match(page.text, /name="decision"/, 'who is signed in is asked')
    const back = new URL((await jar.submit(page, { decision: 'deny' })).location ?? '')
    assert.equal(back.searchParams.get('state'), 'a+b %&')
    const twice = await jar.follow(await jar.post('/oauth/authorize?state=1', fields({ state: '2' })))
    assert.match(twice.location ?? '', /error=invalid_request/, 'a parameter in both is repeated')
  })
})

it('TOK-14 MGT-01: no token reaches the management API, nor the pages of a user', async () => {
  const oauth = await openOAuthApp()
  const client = await oauth.app.clientFor(null)
  const { verifier, challenge } = pkce()
  const back = await connect(oauth.jar, { client_id: client.client_id, code_challenge: challenge })
  const body = await redeem(oauth.origin, client, back, verifier)
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
