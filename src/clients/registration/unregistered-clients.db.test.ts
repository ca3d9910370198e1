import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openJar } from '../../../test/cookie-jar.ts'
import { allow, arrive, authorizePath, type OAuthApp, openOAuthApp, pkce, post } from '../../../test/oauth.ts'
import { no, yes } from '../../base/result.ts'
import type { FetchDocument } from '../../outbound/guarded-fetch.ts'

const ID = 'https://app.example.com/oauth/client.json'
const LOOPBACK = 'http://127.0.0.1:7777/cb'
const HTTPS = 'https://app.example.com/cb'
const DOCUMENT = {
  client_id: ID,
  client_name: 'Somebody’s tool',
  redirect_uris: ['https://app.example.com/cb', 'http://127.0.0.1/cb'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
}

describe('clients by their own documents', () => {
  let oauth: OAuthApp
  const documents = new Map<string, unknown>()
  const asked: string[] = []
  const fetchDocument: FetchDocument = async (url) => {
    asked.push(url)
    const json = documents.get(url)
    return json === undefined ? no('not_reached') : yes({ json, maxAgeSeconds: 600 })
  }
  before(async () => {
    const settings = {
      lifetimes: { accessSeconds: 600, refreshIdleSeconds: 86_400, refreshAbsoluteSeconds: 86_400 },
    }
    const hosts = { documentHosts: new Set(['app.example.com']), grantSeconds: null, registration: false }
    oauth = await openOAuthApp({ fetchDocument, oauth: { ...settings, ...hosts } })
    await oauth.app.call('POST', '/v1/scopes', { name: 'orders:read', description: 'See your orders' })
    const restricted = { name: 'orders:admin', description: 'Delete your orders', sensitivity: 'restricted' }
    await oauth.app.call('POST', '/v1/scopes', restricted)
  })
  after(() => oauth.close())

  const ask = (more: Record<string, string> = {}) =>
    authorizePath({ client_id: ID, redirect_uri: LOOPBACK, code_challenge: pkce().challenge, ...more })

  it('REG-11 CON-17: connects without anybody registering it, says so, and is asked about every time', async () => {
    documents.set(ID, DOCUMENT)
    const jar = openJar(oauth.origin)
    for (const n of [1, 2]) {
      const { verifier, challenge } = pkce()
      const page = await arrive(jar, ask({ code_challenge: challenge, scope: 'orders:read orders:admin' }))
      assert.match(page.text, /Nobody here has checked this app/, `time ${n}`)
      assert.match(page.text, /It comes from <strong>app\.example\.com<\/strong>/)
      assert.doesNotMatch(page.text, /Delete your orders/, 'only what is not sensitive')
      const back = await allow(jar, page)
      const code = back.searchParams.get('code') ?? ''
      const form = { grant_type: 'authorization_code', client_id: ID, code, code_verifier: verifier }
      const { body } = await post(oauth.origin, '/oauth/token', form)
      assert.equal(body.scope, 'orders:read')
      const { body: verdict } = await oauth.app.call('POST', '/v1/verify', { credential: body.access_token })
      assert.equal(verdict.principal.client_id, ID)
    }
    assert.deepEqual(asked, [ID], 'the document is read once, for as long as it is fresh')
  })

  it('CON-17: the user is asked every time, with an https redirect URI too', async () => {
    const jar = openJar(oauth.origin)
    const https = { redirect_uri: 'https://app.example.com/cb', scope: 'orders:read' }
    for (const n of [1, 2]) {
      const page = await arrive(jar, ask(https))
      assert.match(page.text, /name="decision"/, `time ${n}`)
      await allow(jar, page)
    }
    const none = await jar.get(ask({ ...https, prompt: 'none' }))
    assert.match(none.location ?? '', /error=consent_required/)
  })

  it('REG-11: is fetched again when it is due, and then holds', async () => {
    documents.set(ID, { ...DOCUMENT, redirect_uris: ['https://app.example.com/cb'] })
    oauth.app.clock.advance({ seconds: 601 })
    const answer = await openJar(oauth.origin).get(ask())
    assert.deepEqual([answer.status, answer.location], [400, null])
  })

  it('REG-05: a scope that becomes sensitive later is theirs no more to ask for', async () => {
    const redirect_uri = 'https://app.example.com/cb'
    const scope = { scope: 'orders:read', redirect_uri }
    await oauth.app.call('PATCH', '/v1/scopes/orders:read', { sensitivity: 'sensitive' })
    const jar = openJar(oauth.origin)
    await arrive(jar, '/sign-in')
    const refused = await jar.get(ask(scope))
    assert.match(refused.location ?? '', /error=invalid_scope/)
    await oauth.app.call('PATCH', '/v1/scopes/orders:read', { sensitivity: 'basic' })
    assert.doesNotMatch((await jar.get(ask(scope))).location ?? '', /error=/)
  })

  it('CON-21: can be suspended like any other', async () => {
    const path = `/v1/clients/${encodeURIComponent(ID)}`
    assert.equal((await oauth.app.call('GET', path)).body.source, 'metadata_document')
    assert.equal((await oauth.app.call('POST', `${path}/suspend`, { reason: 'test' })).status, 200)
    const redirect_uri = 'https://app.example.com/cb'
    assert.equal((await openJar(oauth.origin).get(ask({ redirect_uri }))).status, 400)
    await oauth.app.call('POST', `${path}/resume`)
    assert.equal((await openJar(oauth.origin).get(ask({ redirect_uri }))).status, 303)
  })

  it('REG-05 REV-09: an operator gives it more than it gets by itself, and takes it away from tokens that are out', async () => {
    documents.set(ID, DOCUMENT)
    oauth.app.clock.advance({ seconds: 601 })
    await ceilingIsTheOperators(oauth, ID)
  })

  it('REG-11 REG-07: what is refused, and is not asked for again at once', async () => {
    const bad: [what: string, id: string, document: unknown][] = [
      ['another id', 'https://app.example.com/a', { ...DOCUMENT, client_id: ID }],
      [
        'a secret',
        'https://app.example.com/b',
        { ...DOCUMENT, client_id: 'https://app.example.com/b', client_secret: 'x' },
      ],
      [
        'a method with a secret',
        'https://app.example.com/c',
        {
          ...DOCUMENT,
          client_id: 'https://app.example.com/c',
          token_endpoint_auth_method: 'client_secret_basic',
        },
      ],
      [
        'a name in two alphabets',
        'https://app.example.com/d',
        { ...DOCUMENT, client_id: 'https://app.example.com/d', client_name: 'P\u0430ypal' },
      ],
      [
        'a redirect URI that is a script',
        'https://app.example.com/e',
        { ...DOCUMENT, client_id: 'https://app.example.com/e', redirect_uris: ['javascript:alert(1)'] },
      ],
      ['no object', 'https://app.example.com/f', 'x'],
      ['nothing there', 'https://app.example.com/g', undefined],
    ]
    for (const [what, id, document] of bad) {
      if (document !== undefined) documents.set(id, document)
      const before = asked.length
      for (const _ of [1, 2]) {
        const answer = await openJar(oauth.origin).get(ask({ client_id: id }))
        assert.deepEqual([answer.status, answer.location], [400, null], what)
      }
      assert.equal(asked.length, before + 1, what)
    }
    const never = [
      'https://other.example.com/client.json',
      'https://app.example.com/',
      'https://app.example.com/x?y=1',
      'https://app.example.com/x#y',
      'https://user@app.example.com/x',
      'https://app.example.com/a/../x',
      'http://app.example.com/x',
      'https://APP.example.com/x',
    ]
    const before = asked.length
    for (const id of never)
      assert.equal((await openJar(oauth.origin).get(ask({ client_id: id }))).status, 400, id)
    assert.equal(asked.length, before, 'none of these is asked for')
  })
})

describe('clients that register themselves', () => {
  let oauth: OAuthApp
  before(async () => {
    const lifetimes = { accessSeconds: 600, refreshIdleSeconds: 86_400, refreshAbsoluteSeconds: 86_400 }
    oauth = await openOAuthApp({
      policy: { environments: ['live'], maxLifetimeSeconds: 3_600, maxKeysPerOwner: 10 },
      oauth: { lifetimes, grantSeconds: null, documentHosts: 'none', registration: true },
    })
    await oauth.app.call('POST', '/v1/scopes', { name: 'orders:read', description: 'See your orders' })
  })
  after(() => oauth.close())

  const register = async (body: unknown) => {
    const answer = await fetch(`${oauth.origin}/oauth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
    return { status: answer.status, headers: answer.headers, body: await answer.json() }
  }
  const { client_id: _, ...metadata } = DOCUMENT

  it('REG-02 REG-05: gets what it may have, and nothing that it only asks for', async () => {
    const asked = {
      ...metadata,
      client_id: 'cli_mine',
      first_party: true,
      scope: 'orders:read orders:admin',
      foo: 1,
    }
    const { status, headers, body } = await register(asked)
    assert.equal(status, 201)
    assert.equal(headers.get('cache-control'), 'no-store')
    assert.match(body.client_id, /^cli_\w{20}$/)
    assert.deepEqual(
      [body.scope, body.client_secret, body.first_party, body.foo],
      ['orders:read', undefined, undefined, undefined],
    )
    const { body: kept } = await oauth.app.call('GET', `/v1/clients/${body.client_id}`)
    assert.deepEqual([kept.source, kept.first_party, kept.owner_id], ['dynamic', false, null])
    const secret = await register({
      ...metadata,
      redirect_uris: ['https://a.example/cb'],
      token_endpoint_auth_method: 'client_secret_post',
    })
    assert.match(secret.body.client_secret, /^cs_live_/)
    const hour = Math.floor(oauth.app.clock.now().getTime() / 1000) + 3_600
    assert.equal(secret.body.client_secret_expires_at, hour, 'as long as the policy lets any secret live')
    const { client_name: _, ...nameless } = metadata
    const unnamed = await register(nameless)
    assert.deepEqual([unnamed.status, unnamed.body.client_name], [201, 'Unnamed app'])
    const page = await arrive(
      openJar(oauth.origin),
      authorizePath({ client_id: body.client_id, redirect_uri: LOOPBACK, code_challenge: pkce().challenge }),
    )
    assert.match(page.text, /Nobody here has checked this app/)
  })

  it('REG-05 REV-09: an operator gives it more than it gets by itself, and takes it away from tokens that are out', async () => {
    const restricted = {
      name: 'orders:admin',
      description: 'Delete your orders',
      sensitivity: 'restricted',
    }
    await oauth.app.call('POST', '/v1/scopes', restricted)
    const { body } = await register(metadata)
    await ceilingIsTheOperators(oauth, body.client_id)
    assert.equal((await register(metadata)).body.scope, 'orders:read', 'the next is another client')
  })

  it('AUZ-18: a stranger’s registration never redirects before the user has signed in (open redirect)', async () => {
    const { body } = await register({ ...metadata, redirect_uris: ['https://evil.example/'] })
    const path = authorizePath({
      client_id: body.client_id,
      redirect_uri: 'https://evil.example/',
      response_type: 'token',
    })
    const answer = await openJar(oauth.origin).get(path)
    assert.deepEqual([answer.status, answer.location], [400, null])
  })

  it('REG-03 REG-04 REG-08 REG-12: refuses each invalid registration with its code and reason', async () => {
    const rows: [what: string, body: unknown, error: string][] = [
      ['no JSON', '{', 'invalid_client_metadata'],
      ['no object', [], 'invalid_client_metadata'],
      ['no redirect URIs', { ...metadata, redirect_uris: [] }, 'invalid_redirect_uri'],
      ['a wildcard', { ...metadata, redirect_uris: ['https://*.example/cb'] }, 'invalid_redirect_uri'],
      ['http', { ...metadata, redirect_uris: ['http://a.example/cb'] }, 'invalid_redirect_uri'],
      ['implicit', { ...metadata, response_types: ['token'] }, 'invalid_client_metadata'],
      ['without a user', { ...metadata, grant_types: ['client_credentials'] }, 'invalid_client_metadata'],
      [
        'a method that is none',
        { ...metadata, token_endpoint_auth_method: 'tls' },
        'invalid_client_metadata',
      ],
      [
        'a private key',
        {
          ...metadata,
          token_endpoint_auth_method: 'private_key_jwt',
          jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] },
        },
        'invalid_client_metadata',
      ],
      [
        'a page that is a script',
        { ...metadata, client_uri: 'javascript:alert(1)' },
        'invalid_client_metadata',
      ],
    ]
    for (const [what, body, error] of rows) {
      const answer = await register(body)
      assert.deepEqual([answer.status, answer.body.error], [400, error], what)
    }
  })

  it('REG-10: too many from one address wait', async () => {
    let last = await register(metadata)
    for (let n = 0; n < 25 && last.status === 201; n++) last = await register(metadata)
    assert.equal(last.status, 429)
    assert.ok(Number(last.headers.get('retry-after')) > 0)
  })
})

it('REG-01: off unless it is switched on: not there, and not in the metadata', async () => {
  const oauth = await openOAuthApp()
  assert.equal((await oauth.app.call('POST', '/oauth/register', metadataOf(), { as: null })).status, 404)
  const { body } = await oauth.app.call('GET', '/.well-known/oauth-authorization-server', undefined, {
    as: null,
  })
  assert.deepEqual(
    [body.registration_endpoint, body.client_id_metadata_document_supported],
    [undefined, undefined],
  )
  await oauth.close()
})

it('META-01 META-02 META-03: the metadata, wherever it is asked for, has the configured URLs and nothing of the request', async () => {
  const oauth = await openOAuthApp({ publicUrl: 'https://id.example.com/auth' })
  const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' }
  const ofOpenid = ['openid-configuration', 'openid-configuration/auth']
  const paths = ['oauth-authorization-server', 'oauth-authorization-server/auth', ...ofOpenid]
  const texts = new Set<string>()
  for (const path of paths) {
    const answer = await oauth.app.call('GET', `/.well-known/${path}`, undefined, { as: null, headers })
    assert.equal(answer.status, 200, path)
    assert.equal(answer.headers['access-control-allow-origin'], '*')
    assert.match(String(answer.headers['cache-control']), /\bmax-age=[1-9]/)
    texts.add(answer.text)
  }
  assert.equal(texts.size, 2)
  const [text = '', asOpenid = ''] = texts
  const { jwks_uri, ...same } = JSON.parse(asOpenid)
  assert.equal(jwks_uri, 'https://id.example.com/auth/.well-known/jwks.json')
  assert.deepEqual({ ...same, ...JSON.parse(text) }, same)
  assert.doesNotMatch(text, /evil/)
  const metadata = JSON.parse(text)
  assert.equal(metadata.issuer, 'https://id.example.com/auth')
  assert.equal(metadata.token_endpoint, 'https://id.example.com/auth/oauth/token')

  const api = { identifier: 'https://id.example.com/orders', name: 'Orders' }
  await oauth.app.call('POST', '/v1/apis', api)
  const path = '/.well-known/oauth-protected-resource/orders'
  const { body } = await oauth.app.call('GET', path, undefined, { as: null, headers })
  assert.deepEqual([body.resource, body.authorization_servers], [api.identifier, [metadata.issuer]])
  assert.equal((await oauth.app.call('GET', `${path}/x`, undefined, { as: null })).status, 404)
  await oauth.close()
})

/** A public client that nobody registered gets a sensitive scope and loses it again, each by an operator's word. */
async function ceilingIsTheOperators(oauth: OAuthApp, clientId: string): Promise<void> {
  const path = `/v1/clients/${encodeURIComponent(clientId)}`
  const scope = 'orders:read orders:admin'
  const { verifier, challenge } = pkce()
  const asked = { client_id: clientId, redirect_uri: HTTPS, code_challenge: challenge, scope }
  const jar = openJar(oauth.origin)
  assert.doesNotMatch((await arrive(jar, authorizePath(asked))).text, /Delete your orders/)
  const wider = await oauth.app.call('PATCH', path, { scopes: scope.split(' ') })
  assert.deepEqual([wider.status, wider.body.ceiling_set_by_operator], [200, true], wider.text)
  const back = await allow(jar, await arrive(jar, authorizePath(asked)))
  const code = back.searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', client_id: clientId, code, code_verifier: verifier }
  const { body } = await post(oauth.origin, '/oauth/token', form)
  const question = { credential: body.access_token, scopes: ['orders:admin'] }
  assert.equal((await oauth.app.call('POST', '/v1/verify', question)).body.valid, true)
  assert.equal((await oauth.app.call('PATCH', path, { scopes: ['orders:read'] })).status, 200)
  const { body: verdict } = await oauth.app.call('POST', '/v1/verify', question)
  assert.equal(verdict.refusal.reason, 'missing_scope')
  const refresh = { grant_type: 'refresh_token', client_id: clientId, refresh_token: body.refresh_token }
  assert.equal((await post(oauth.origin, '/oauth/token', refresh)).body.scope, 'orders:read')
}

function metadataOf() {
  const { client_id: _, ...metadata } = DOCUMENT
  return metadata
}
