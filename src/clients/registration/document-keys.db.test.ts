import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { SignJWT } from 'jose'
import { openJar } from '../../../test/cookie-jar.ts'
import { connect, type OAuthApp, openOAuthApp, pkce, post, REDIRECT_URI } from '../../../test/oauth.ts'
import { no, yes } from '../../base/result.ts'
import { DEFAULT_TOKEN_LIFETIMES } from '../../oauth/tokens/token-lifetimes.ts'
import type { FetchDocument } from '../../outbound/guarded-fetch.ts'
import { JWT_BEARER } from '../authentication/client.fixture.ts'

const ISSUER = 'http://doorward.test'
const FRESH_SECONDS = 600

interface SigningKey {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

function newKey(kid: string): SigningKey {
  return { kid, ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) }
}

function keySetOf(...keys: readonly SigningKey[]) {
  return { keys: keys.map(({ kid, publicKey }) => ({ ...publicKey.export({ format: 'jwk' }), kid })) }
}

describe('keys of a client that describes itself, at the token endpoint', () => {
  let oauth: OAuthApp
  /** Documents on the Internet, by URL. */
  const served = new Map<string, unknown>()
  const fetchDocument: FetchDocument = async (url) => {
    const json = served.get(url)
    return json === undefined ? no('not_reached') : yes({ json, maxAgeSeconds: FRESH_SECONDS })
  }
  before(async () => {
    const shared = { lifetimes: DEFAULT_TOKEN_LIFETIMES, grantSeconds: null, registration: false }
    oauth = await openOAuthApp({ fetchDocument, oauth: { ...shared, documentHosts: 'any' } })
    await oauth.app.call('POST', '/v1/scopes', { name: 'orders:read', description: 'See your orders' })
  })
  after(() => oauth.close())

  let made = 0
  /** A client that has one key, connected; and what it gets when it refreshes, signing with a key. */
  async function connected(byKeys: 'jwks' | 'jwks_uri') {
    const host = `https://app${++made}.example.com`
    const [id, keysAt, key] = [`${host}/client.json`, `${host}/keys.json`, newKey('one')]
    const serve = (...keys: readonly SigningKey[]) => {
      served.set(keysAt, keySetOf(...keys))
      served.set(id, {
        ...{ client_id: id, client_name: 'A tool', redirect_uris: [REDIRECT_URI] },
        token_endpoint_auth_method: 'private_key_jwt',
        ...(byKeys === 'jwks' ? { jwks: keySetOf(...keys) } : { jwks_uri: keysAt }),
      })
    }
    const disappear = () => {
      served.delete(id)
      served.delete(keysAt)
    }
    const signedBy = async ({ kid, privateKey }: SigningKey) => {
      const nowSeconds = Math.floor(oauth.app.clock.now().getTime() / 1000)
      const claims = { iss: id, sub: id, aud: ISSUER, exp: nowSeconds + 60, jti: randomUUID() }
      const jwt = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey)
      return { client_assertion_type: JWT_BEARER, client_assertion: jwt }
    }
    serve(key)
    const { verifier, challenge } = pkce()
    const back = await connect(openJar(oauth.origin), { client_id: id, code_challenge: challenge })
    const form = { grant_type: 'authorization_code', code_verifier: verifier }
    const { body } = await post(oauth.origin, '/oauth/token', {
      ...form,
      code: back.searchParams.get('code') ?? '',
      ...(await signedBy(key)),
    })
    let refreshToken: string = body.refresh_token
    const refreshBy = async (signing: SigningKey) => {
      const refresh = { grant_type: 'refresh_token', refresh_token: refreshToken }
      const answer = await post(oauth.origin, '/oauth/token', { ...refresh, ...(await signedBy(signing)) })
      if (answer.status !== 200) return answer.body.error
      refreshToken = answer.body.refresh_token
      return 'accepted'
    }
    return { key, serve, disappear, refreshBy }
  }

  for (const byKeys of ['jwks', 'jwks_uri'] as const) {
    it(`TOK-18: replaced in ${byKeys}: the new one is accepted once it is read, and the old one no more`, async () => {
      const { key, serve, refreshBy } = await connected(byKeys)
      assert.equal(await refreshBy(key), 'accepted')
      const next = newKey('two')
      serve(next)
      assert.equal(await refreshBy(key), 'accepted', 'what was read is fresh')
      assert.equal(await refreshBy(next), 'invalid_client', 'and knows no other')
      oauth.app.clock.advance({ seconds: FRESH_SECONDS + 1 })
      assert.equal(await refreshBy(next), 'accepted')
      assert.equal(await refreshBy(key), 'invalid_client')
      assert.equal(await refreshBy(next), 'accepted', 'the refusal spent nothing')
    })

    it(`TOK-18: withdrawn from ${byKeys}: refused at the first request after it is due`, async () => {
      const { key, serve, refreshBy } = await connected(byKeys)
      serve(newKey('two'))
      oauth.app.clock.advance({ seconds: FRESH_SECONDS + 1 })
      assert.equal(await refreshBy(key), 'invalid_client')
    })

    it(`TOK-18: both in ${byKeys} while they are changed over: both are accepted`, async () => {
      const { key, serve, refreshBy } = await connected(byKeys)
      const next = newKey('two')
      serve(key, next)
      oauth.app.clock.advance({ seconds: FRESH_SECONDS + 1 })
      assert.deepEqual([await refreshBy(key), await refreshBy(next)], ['accepted', 'accepted'])
    })

    it(`TOK-18: stale, with the server of its ${byKeys} away: the last that was read does for a day`, async () => {
      const { key, disappear, refreshBy } = await connected(byKeys)
      disappear()
      oauth.app.clock.advance({ seconds: FRESH_SECONDS + 1 })
      assert.equal(await refreshBy(key), 'accepted')
      oauth.app.clock.advance({ days: 1 })
      assert.equal(await refreshBy(key), 'invalid_client')
    })
  }

  it('TOK-18: a new key behind jwks_uri is looked for after a minute, before the old set is due', async () => {
    const { key, serve, refreshBy } = await connected('jwks_uri')
    const next = newKey('two')
    serve(next)
    oauth.app.clock.advance({ seconds: 61 })
    assert.equal(await refreshBy(next), 'accepted')
    assert.equal(await refreshBy(key), 'invalid_client')
  })
})
