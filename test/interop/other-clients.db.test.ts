import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Auth, type AuthConfig } from '@auth/core'
import OAuth2Strategy from 'passport-oauth2'
import { AuthorizationCode, ClientCredentials } from 'simple-oauth2'
import { openWorld, type World } from './world.ts'

describe('clients of other authors', () => {
  let world: World
  before(async () => {
    world = await openWorld()
  })
  after(() => world.close())

  it('passport-oauth2 connects with PKCE and state', async () => {
    const { clientId, clientSecret } = await world.confidential({
      token_endpoint_auth_method: 'client_secret_post',
    })
    const options = {
      authorizationURL: `${world.issuer}/oauth/authorize`,
      tokenURL: `${world.issuer}/oauth/token`,
      clientID: clientId,
      clientSecret,
      callbackURL: world.redirectUri,
      scope: 'orders:read',
      pkce: true,
      state: true,
    }
    const got = Promise.withResolvers<string>()
    const strategy = new OAuth2Strategy(options, (access, _refresh, _profile, done) => {
      got.resolve(access)
      done(null, {})
    })
    strategy.userProfile = (_token, done) => done(null, {})
    const session = {}
    const url = await new Promise<string>((resolve, reject) => {
      const started = Object.assign(Object.create(strategy), {
        redirect: resolve,
        error: reject,
        fail: reject,
      })
      started.authenticate({ query: {}, session }, {})
    })
    const back = await world.approve(new URL(url))
    const done = Object.assign(Object.create(strategy), {
      error: got.reject,
      fail: got.reject,
      success: () => {},
    })
    done.authenticate({ query: Object.fromEntries(back.searchParams), session }, {})
    assert.equal(await world.api(await got.promise), 200)
  })

  it('simple-oauth2 connects, refreshes and revokes', async () => {
    const { clientId, clientSecret } = await world.confidential()
    const auth = { tokenHost: world.issuer, tokenPath: '/oauth/token', revokePath: '/oauth/revoke' }
    const app = new AuthorizationCode({
      client: { id: clientId, secret: clientSecret },
      auth: { ...auth, authorizePath: '/oauth/authorize' },
    })
    const { verifier, challenge } = await world.pkce()
    const asked = { redirect_uri: world.redirectUri, scope: 'orders:read', state: 'x'.repeat(20) }
    const url = app.authorizeURL({
      ...asked,
      code_challenge: challenge,
      code_challenge_method: 'S256',
    } as never)
    const code = (await world.approve(new URL(url))).searchParams.get('code') ?? ''
    const params = { code, redirect_uri: world.redirectUri, code_verifier: verifier }
    const token = await app.getToken(params)
    assert.equal(await world.api(String(token.token.access_token)), 200)
    const renewed = await token.refresh()
    assert.equal(await world.api(String(renewed.token.access_token)), 200)
    await renewed.revoke('refresh_token')
    assert.equal(await world.api(String(renewed.token.access_token)), 401)
  })

  it('TOK-15: simple-oauth2 gets a token by client_credentials', async () => {
    const { clientId, clientSecret } = await world.machine()
    const machine = new ClientCredentials({
      client: { id: clientId, secret: clientSecret },
      auth: { tokenHost: world.issuer, tokenPath: '/oauth/token' },
    })
    const { token } = await machine.getToken({ scope: 'orders:read' })
    assert.equal(await world.api(String(token.access_token)), 200)
  })

  it('@auth/core signs a user in and returns the token', async () => {
    const origin = new URL(world.redirectUri).origin
    const { clientId, clientSecret } = await world.confidential({
      redirect_uris: [`${origin}/auth/callback/doorward`],
    })
    let accessToken = ''
    const config: AuthConfig = {
      secret: 'a secret of the app, for its cookies',
      trustHost: true,
      basePath: '/auth',
      providers: [
        {
          id: 'doorward',
          name: 'Doorward',
          type: 'oauth',
          issuer: world.issuer,
          clientId,
          clientSecret,
          checks: ['pkce', 'state'],
          authorization: { url: `${world.issuer}/oauth/authorize`, params: { scope: 'orders:read' } },
          token: `${world.issuer}/oauth/token`,
          userinfo: {
            url: world.apiUrl,
            request: async ({ tokens }: { tokens: { access_token?: string } }) => {
              accessToken = tokens.access_token ?? ''
              return { id: 'u' }
            },
          },
          profile: () => ({ id: 'u', name: 'Ann' }),
        } as never,
      ],
    }
    const cookies = new Map<string, string>()
    const ask = async (url: string, init: RequestInit = {}) => {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const answer = await Auth(new Request(url, { ...init, headers: { ...init.headers, cookie } }), config)
      for (const line of answer.headers.getSetCookie()) {
        const [name = '', value = ''] = (line.split(';', 1)[0] ?? '').split(/=(.*)/s)
        cookies.set(name, value)
      }
      return answer
    }
    const { csrfToken } = (await (await ask(`${origin}/auth/csrf`)).json()) as { csrfToken: string }
    const started = await ask(`${origin}/auth/signin/doorward`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ csrfToken }).toString(),
    })
    const back = await world.approve(new URL(started.headers.get('location') ?? ''))
    const done = await ask(back.href)
    assert.equal(done.status, 302, await done.text())
    assert.doesNotMatch(done.headers.get('location') ?? '', /error/)
    assert.equal(await world.api(accessToken), 200)
  })
})
