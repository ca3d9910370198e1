import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mintCredential } from '@doorward/sdk/kernel'
import * as oauth from 'oauth4webapi'
import type { AuthMethod, JsonWebKeySet } from '../client.ts'
import { readKeySet } from '../client-keys.ts'
import { client, ID, ISSUER, world } from './client.fixture.ts'

const SERVER: oauth.AuthorizationServer = { issuer: ISSUER, token_endpoint: `${ISSUER}/oauth/token` }
const SECRET = mintCredential('client_secret', { environment: 'live' }).reveal()

/** The requests of a real client library to a token endpoint. */
async function sentBy(auth: oauth.ClientAuth) {
  const sent: { authorization: string | null; form: Record<string, string> }[] = []
  const customFetch = async (
    _: string,
    { headers, body }: { headers: Record<string, string>; body?: unknown },
  ) => {
    const form = Object.fromEntries(new URLSearchParams(String(body)))
    sent.push({ authorization: new Headers(headers).get('authorization'), form })
    return new Response('{}')
  }
  const options = { [oauth.customFetch]: customFetch }
  await oauth.clientCredentialsGrantRequest(SERVER, { client_id: ID }, auth, {}, options)
  const [request] = sent
  if (request === undefined) throw new Error('nothing was sent')
  return request
}

async function keysOf(...keys: CryptoKey[]): Promise<JsonWebKeySet> {
  const read = readKeySet({ keys: await Promise.all(keys.map((key) => crypto.subtle.exportKey('jwk', key))) })
  if ('fault' in read) throw new Error(read.fault)
  return read
}

describe('oauth4webapi as a client', () => {
  const asked = async (method: AuthMethod, auth: oauth.ClientAuth, jwks: JsonWebKeySet | null = null) => {
    const { ask } = world(client(method, { jwks }), { [SECRET]: {} })
    const { authorization, form } = await sentBy(auth)
    return await ask(authorization, form, new Date())
  }

  it('TOK-12: proves itself by Basic, in the body, and by its name alone', async () => {
    assert.equal(await asked('client_secret_basic', oauth.ClientSecretBasic(SECRET)), `${ID} by sec_1`)
    assert.equal(await asked('client_secret_post', oauth.ClientSecretPost(SECRET)), `${ID} by sec_1`)
    assert.equal(await asked('none', oauth.None()), `${ID} by null`)
  })

  for (const algorithm of ['RS256', 'ES256', 'Ed25519'])
    it(`TOK-18: signs with ${algorithm}, and registers the key as its platform exports it`, async () => {
      const { publicKey, privateKey } = await oauth.generateKeyPair(algorithm, { extractable: true })
      const jwks = await keysOf(publicKey)
      assert.equal(await asked('private_key_jwt', oauth.PrivateKeyJwt(privateKey), jwks), `${ID} by null`)
    })
})
