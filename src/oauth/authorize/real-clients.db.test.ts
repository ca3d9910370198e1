import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { TestClient } from '../../../test/app.ts'
import { openJar } from '../../../test/cookie-jar.ts'
import { arrive, connect, type OAuthApp, openOAuthApp, pkce, post, redeem } from '../../../test/oauth.ts'

const API = 'https://api.real.example'

describe('what clients in use send', () => {
  let oauth: OAuthApp
  let client: TestClient
  before(async () => {
    oauth = await openOAuthApp()
    const { body } = await oauth.app.call('POST', '/v1/apis', { identifier: API, name: 'Real' })
    for (const name of ['real:read', 'real:write'])
      await oauth.app.call('POST', '/v1/scopes', { name, description: `Use ${name}`, api_id: body.id })
    client = await oauth.app.clientFor(null, { scopes: ['real:read', 'real:write'] })
  })
  after(() => oauth.close())

  const askFor = async (more: Record<string, string | undefined>) => {
    const { verifier, challenge } = pkce()
    const asked = { client_id: client.client_id, code_challenge: challenge, prompt: 'consent', ...more }
    return { verifier, back: await connect(openJar(oauth.origin), asked) }
  }
  const tokensFor = async (more: Record<string, string | undefined>) => {
    const { verifier, back } = await askFor(more)
    return await redeem(oauth.origin, client, back, verifier)
  }
  const refreshWith = (refreshToken: string, more: Record<string, string> = {}) =>
    post(
      oauth.origin,
      '/oauth/token',
      { grant_type: 'refresh_token', refresh_token: refreshToken, ...more },
      { basic: [client.client_id, client.client_secret ?? ''] },
    )

  it('AUZ-13: resource with the slash of an empty path means the API as it was declared', async () => {
    for (const resource of [`${API}/`, 'https://API.real.example:443']) {
      const { verifier, back } = await askFor({ resource, scope: 'real:read' })
      const form = { grant_type: 'authorization_code', code: back.searchParams.get('code') ?? '' }
      const basic = [client.client_id, client.client_secret ?? ''] as const
      const { body } = await post(
        oauth.origin,
        '/oauth/token',
        { ...form, code_verifier: verifier, resource },
        { basic },
      )
      const { body: verdict } = await oauth.app.call('POST', '/v1/verify', {
        credential: body.access_token,
        scopes: [],
        resource: API,
      })
      assert.deepEqual([verdict.valid, body.scope], [true, 'real:read'])
      const next = await refreshWith(body.refresh_token, { resource: API })
      assert.equal(next.status, 200)
      const row = await oauth.app.db
        .selectFrom('token_families')
        .select('resources')
        .where('client_id', '=', client.client_id)
        .orderBy('created_at', 'desc')
        .executeTakeFirstOrThrow()
      assert.deepEqual(row.resources, [API])
    }
  })

  it('AUZ-12 REF-05: names of OpenID Connect are left out, and unknown names of an API are not', async () => {
    for (const more of ['offline_access', 'openid', 'openid profile email address phone offline_access']) {
      const body = await tokensFor({ scope: `real:read ${more}` })
      assert.equal(body.scope, 'real:read', more)
      const next = await refreshWith(body.refresh_token, { scope: `${more} real:read` })
      assert.deepEqual([next.status, next.body.scope], [200, 'real:read'], more)
    }
    assert.equal((await tokensFor({ scope: 'offline_access' })).scope, 'real:read real:write')
    const refusedFor = async (scope: string) => {
      const { back } = await askFor({ scope })
      return [back.searchParams.get('error'), back.searchParams.get('error_description')]
    }
    const signIn = await refusedFor('openid email')
    assert.equal(signIn[0], 'invalid_scope')
    assert.match(signIn[1] ?? '', /not OpenID Connect/)
    assert.deepEqual(await refusedFor('real:eat'), ['invalid_scope', 'There is no scope real:eat.'])
    assert.match((await refusedFor('real:read,real:write'))[1] ?? '', /separated by spaces/)
  })

  it('AUZ-12 REF-05: a scope of blanks is none, wherever it is sent', async () => {
    const body = await tokensFor({ scope: '  ' })
    assert.equal(body.scope, 'real:read real:write')
    const next = await refreshWith(body.refresh_token, { scope: '  ' })
    assert.deepEqual([next.status, next.body.scope], [200, 'real:read real:write'])
  })

  it('REF-05: a refresh that asks for all that was granted at first gets what is left of it', async () => {
    const body = await tokensFor({})
    const path = `/v1/grants?client_id=${client.client_id}&state=active`
    const [grant] = (await oauth.app.call('GET', path)).body.data
    assert.equal(
      (await oauth.app.call('PATCH', `/v1/grants/${grant.id}`, { scopes: ['real:read'] })).status,
      200,
    )
    const next = await refreshWith(body.refresh_token, { scope: 'real:write real:read' })
    assert.deepEqual([next.status, next.body.scope], [200, 'real:read'])
    for (const scope of ['real:write', 'never:granted', 'real:read never:granted']) {
      const refused = await refreshWith(next.body.refresh_token, { scope })
      assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_scope'], scope)
    }
    assert.equal((await refreshWith(next.body.refresh_token)).status, 200, 'a refusal spends nothing')
  })

  it('AUZ-01: redirect_uri may be left out where exactly one is registered', async () => {
    const body = await tokensFor({ redirect_uri: undefined })
    assert.ok(body.access_token)
    const several = await oauth.app.clientFor(null, {
      redirect_uris: ['https://a.example/', 'https://b.example/'],
    })
    const asked = { client_id: several.client_id, redirect_uri: '' }
    const page = await arrive(openJar(oauth.origin), `/oauth/authorize?${new URLSearchParams(asked)}`)
    assert.deepEqual([page.status, page.location], [400, null])
  })

  it('AUZ-09: thousands of parameters are refused, and looked at once each', async () => {
    const query = Array.from({ length: 4_000 }, (_, n) => n.toString(36)).join('&')
    const path = `/oauth/authorize?client_id=${client.client_id}&${query}`
    const answer = await openJar(oauth.origin).get(path)
    assert.match(answer.location ?? '', /error=invalid_request/)
  })

  it('META-01 WEB-07: every public document may be read from a page, whatever headers it sends', async () => {
    const documents = [
      'oauth-authorization-server',
      'openid-configuration',
      'oauth-protected-resource',
      'jwks.json',
    ]
    const paths = [
      ...[...documents, 'oauth-authorization-server/not/here'].map((name) => [`/.well-known/${name}`, 'GET']),
      ...['token', 'revoke', 'introspect'].map((name) => [`/oauth/${name}`, 'POST']),
    ] as [path: string, method: string][]
    for (const [path, method] of paths) {
      const answer = await fetch(oauth.origin + path, { method: 'OPTIONS' })
      const header = (name: string) => answer.headers.get(`access-control-allow-${name}`) ?? ''
      assert.deepEqual([answer.status, header('origin'), header('methods')], [204, '*', method], path)
      assert.match(header('headers'), /Authorization.*MCP-Protocol-Version.*\*/, path)
      const got = await fetch(oauth.origin + path)
      assert.equal(got.headers.get('access-control-allow-origin'), '*', path)
    }
  })

  it('META-01: the document at the path of OpenID Connect has what is required there, and promises nothing', async () => {
    const read = async (path: string) =>
      (await (await fetch(oauth.origin + path)).json()) as Record<string, unknown>
    const found = await read('/.well-known/openid-configuration')
    assert.deepEqual(found.subject_types_supported, ['public'])
    assert.deepEqual(found.id_token_signing_alg_values_supported, ['RS256'])
    assert.equal(found.request_uri_parameter_supported, false)
    assert.deepEqual(await read(new URL(String(found.jwks_uri)).pathname), { keys: [] })
  })
})
