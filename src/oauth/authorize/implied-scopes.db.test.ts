import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openJar } from '../../../test/cookie-jar.ts'
import {
  allow,
  arrive,
  authorizePath,
  connect,
  type OAuthApp,
  openOAuthApp,
  pkce,
  post,
  REDIRECT_URI,
  redeem,
} from '../../../test/oauth.ts'
import { DEFAULT_TOKEN_LIFETIMES } from '../tokens/token-lifetimes.ts'

describe('a scope that implies others', () => {
  let oauth: OAuthApp
  before(async () => {
    oauth = await openOAuthApp({
      oauth: {
        lifetimes: DEFAULT_TOKEN_LIFETIMES,
        grantSeconds: null,
        documentHosts: 'none',
        registration: true,
      },
    })
  })
  after(() => oauth.close())

  let n = 0
  /** Declares a scope under a name of its own. */
  const declare = async (sensitivity: string, implies: readonly string[] = []) => {
    const name = `kind${n++}:use`
    const { status, text } = await oauth.app.call('POST', '/v1/scopes', {
      name,
      description: `Use ${name}`,
      sensitivity,
      implies,
    })
    assert.equal(status, 201, text)
    return name
  }
  const change = async (name: string, said: object) =>
    assert.equal((await oauth.app.call('PATCH', `/v1/scopes/${name}`, said)).status, 200)
  const registerItself = async () => {
    const said = {
      client_name: 'Stranger',
      redirect_uris: [REDIRECT_URI],
      token_endpoint_auth_method: 'none',
    }
    const answer = await fetch(`${oauth.origin}/oauth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(said),
    })
    return (await answer.json()) as { client_id: string; client_secret: string }
  }
  const tokensOf = async (clientId: string, scope: string) => {
    const { verifier, challenge } = pkce()
    const asked = { client_id: clientId, scope, code_challenge: challenge }
    const back = await connect(openJar(oauth.origin), asked)
    const form = { grant_type: 'authorization_code', client_id: clientId, code_verifier: verifier }
    const code = back.searchParams.get('code') ?? back.searchParams.get('error_description') ?? ''
    return (await post(oauth.origin, '/oauth/token', { ...form, code })).body
  }
  const mayUse = async (credential: string, scope: string) =>
    (await oauth.app.call('POST', '/v1/verify', { credential, scopes: [scope] })).body.valid

  it('CON-23 REG-05: a scope that implies more than basic is never granted to a client without pre-registration', async () => {
    const vault = await declare('restricted')
    const middle = await declare('basic', [vault])
    const through = await declare('basic', [middle])
    const plain = await declare('basic')
    const { client_id } = await registerItself()
    const { body } = await oauth.app.call('GET', `/v1/clients/${client_id}`)
    assert.deepEqual(
      [vault, middle, through, plain].filter((scope) => body.scopes.includes(scope)),
      [plain],
    )
    await change(plain, { implies: [middle] })
    const path = authorizePath({ client_id, scope: plain, code_challenge: pkce().challenge })
    const back = await arrive(openJar(oauth.origin), path)
    assert.match(back.location ?? back.text, /invalid_scope/)
  })

  it('CON-23: a scope that is marked later is removed at once from clients without pre-registration, and from no others', async () => {
    const notes = await declare('basic')
    const other = await declare('basic')
    const { client_id } = await registerItself()
    const registered = await oauth.app.clientFor(null, { type: 'public', scopes: [notes, other] })
    const tokens = await tokensOf(client_id, `${notes} ${other}`)
    const theirs = await tokensOf(registered.client_id, `${notes} ${other}`)
    assert.equal(await mayUse(tokens.access_token, notes), true)
    await change(notes, { sensitivity: 'restricted' })
    assert.equal(await mayUse(tokens.access_token, notes), false)
    assert.equal(await mayUse(tokens.access_token, other), true)
    assert.equal(await mayUse(theirs.access_token, notes), true)
    const form = { grant_type: 'refresh_token', client_id, refresh_token: tokens.refresh_token }
    const next = await post(oauth.origin, '/oauth/token', form)
    assert.deepEqual([next.status, next.body.scope], [200, other])
    await change(notes, { sensitivity: 'basic' })
    assert.equal(await mayUse(next.body.access_token, notes), false, 'this one was issued without')
    assert.equal(await mayUse(tokens.access_token, notes), true)
  })

  it('CON-15 CON-23: the page says what comes with a scope, and how sensitive all of it is', async () => {
    const vault = await declare('restricted')
    const opens = await declare('basic', [vault])
    const app = await oauth.app.clientFor(null, { scopes: [opens] })
    const asked = { client_id: app.client_id, code_challenge: pkce().challenge }
    const page = await arrive(openJar(oauth.origin), authorizePath(asked))
    assert.match(page.text, new RegExp(`Use ${opens} .*and with it: Use ${vault}.*restricted`))
  })

  it('CON-17 CON-23: what a scope implies later is not granted by it, until the user has seen it', async () => {
    const first = await declare('basic')
    const later = await declare('sensitive')
    const scope = await declare('basic', [first])
    const app = await oauth.app.clientFor(null, { scopes: [scope] })
    const jar = openJar(oauth.origin)
    const { verifier, challenge } = pkce()
    const asked = { client_id: app.client_id, scope, code_challenge: challenge }
    const tokens = await redeem(oauth.origin, app, await connect(jar, asked), verifier)
    assert.equal(await mayUse(tokens.access_token, first), true, 'it was shown')
    await change(scope, { implies: [first, later] })
    const may = async () =>
      await Promise.all([scope, first, later].map((each) => mayUse(tokens.access_token, each)))
    assert.deepEqual(await may(), [true, true, false])
    const page = await arrive(jar, authorizePath(asked))
    assert.match(page.text, new RegExp(`Use ${later}`), 'the user is asked again')
    await allow(jar, page)
    assert.deepEqual(await may(), [true, true, true])
    const silent = await arrive(jar, authorizePath(asked))
    assert.match(silent.location ?? '', /code=/, 'and then no more')
    await change(scope, { implies: [later] })
    assert.deepEqual(await may(), [true, false, true], 'less at once')
  })
})
