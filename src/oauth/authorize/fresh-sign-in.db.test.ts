import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { TestApp, TestClient } from '../../../test/app.ts'
import { type CookieJar, openJar } from '../../../test/cookie-jar.ts'
import { allow, authorizePath, pkce } from '../../../test/oauth.ts'
import { openListening } from '../../../test/sign-in.ts'

const LOGIN_URL = 'https://login.example.com/start'
const ANN = { user_id: 'u_7', display_name: 'Ann', owners: [{ id: 'org_1', name: 'Acme' }] }

describe("prompt=login and max_age at the API provider's own login", () => {
  let app: TestApp
  let origin: string
  let client: TestClient
  before(async () => {
    ;({ app, origin } = await openListening({ loginUrl: LOGIN_URL }))
    client = await app.clientFor(null)
  })
  after(() => app.close())

  /** Asks, and is sent to the login. @returns the challenge, and whether it wants a fresh sign-in */
  const askedAt = async (jar: CookieJar, more: Record<string, string>) => {
    const path = authorizePath({ client_id: client.client_id, code_challenge: pkce().challenge, ...more })
    const { location } = await jar.get(path)
    const challenge = new URL(location ?? '').searchParams.get('login_challenge') ?? ''
    const { body } = await app.call('GET', `/v1/login-challenges/${challenge}`)
    return { challenge, fresh: body.fresh_sign_in }
  }
  const accept = (challenge: string, more: object = {}) =>
    app.call('POST', `/v1/login-challenges/${challenge}/accept`, { ...ANN, ...more })

  for (const [more, fresh] of [
    [{}, false],
    [{ prompt: 'consent' }, false],
    [{ prompt: 'login' }, true],
    [{ prompt: 'login consent' }, true],
    [{ max_age: '60' }, true],
  ] as const)
    it(`AUZ-19: ${JSON.stringify(more)} without a session wants ${fresh ? 'a fresh' : 'any'} sign-in`, async () => {
      assert.equal((await askedAt(openJar(origin), more)).fresh, fresh)
    })

  it('WEB-02: a page that leads to the external login lets its form lead there', async () => {
    const native = await app.clientFor(null, { type: 'public', redirect_uris: ['com.example.app:/cb'] })
    const jar = openJar(origin)
    const more = { client_id: native.client_id, redirect_uri: 'com.example.app:/cb' }
    const { body } = await accept((await askedAt(jar, more)).challenge)
    const page = await jar.follow(await jar.get(body.redirect_to.replace('http://doorward.test', '')))
    const policy = page.headers.get('content-security-policy') ?? ''
    assert.doesNotMatch(policy, /form-action/)
    assert.match(
      page.text,
      /the app on this device that opens <strong>com\.example\.app:<\/strong> addresses/,
    )
    const away = await jar.submit(page, { decision: 'somebody_else' })
    const challenge = new URL(away.location ?? '').searchParams.get('login_challenge')
    const { body: asked } = await app.call('GET', `/v1/login-challenges/${challenge}`)
    assert.equal(asked.fresh_sign_in, true, 'else the session there would answer for the same person again')
  })

  it('AUZ-19: an old session at the provider is not a fresh sign-in, with or without authenticated_at', async () => {
    const jar = openJar(origin)
    const { challenge } = await askedAt(jar, { prompt: 'login' })
    const silent = await accept(challenge)
    assert.deepEqual([silent.status, silent.body.code], [400, 'invalid_request'])
    assert.match(silent.body.detail, /`authenticated_at` is missing/)
    const hourAgo = new Date(app.clock.now().getTime() - 3_600_000).toISOString()
    assert.equal((await accept(challenge, { authenticated_at: hourAgo })).body.code, 'sign_in_too_old')
    const now = { authenticated_at: app.clock.now().toISOString() }
    const { body } = await accept(challenge, now)
    const page = await jar.follow(await jar.get(body.redirect_to.replace('http://doorward.test', '')))
    assert.ok((await allow(jar, page)).searchParams.get('code'))
  })
})
