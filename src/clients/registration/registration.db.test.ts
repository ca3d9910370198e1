import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openJar } from '../../../test/cookie-jar.ts'
import { authorizePath, type OAuthApp, openOAuthApp, pkce, post } from '../../../test/oauth.ts'
import { DEFAULT_TOKEN_LIFETIMES } from '../../oauth/tokens/token-lifetimes.ts'

const LOOPBACK = 'http://localhost:8787/callback'
const CURSOR = 'cursor://anysphere.cursor-mcp/oauth/callback'
const OAUTH = {
  lifetimes: DEFAULT_TOKEN_LIFETIMES,
  grantSeconds: null,
  documentHosts: 'none',
  registration: true,
} as const

function registerAt(origin: string) {
  return async (body: Record<string, unknown>) => {
    const answer = await fetch(`${origin}/oauth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return { status: answer.status, body: await answer.json() }
  }
}

describe('what an app that registers itself may say', () => {
  let oauth: OAuthApp
  let register: ReturnType<typeof registerAt>
  before(async () => {
    oauth = await openOAuthApp({
      oauth: { ...OAUTH, registrationsPerHour: 6, privateSchemes: new Set(['vscode']) },
    })
    register = registerAt(oauth.origin)
    await oauth.app.call('POST', '/v1/scopes', { name: 'orders:read', description: 'See your orders' })
  })
  after(() => oauth.close())
  const some = { client_name: 'Editor', token_endpoint_auth_method: 'none' }

  it('REG-03: an address that cannot be used is left out, and the answer says what was registered', async () => {
    const uris = [CURSOR, LOOPBACK, 'https://*.example/cb', 'vscode://vscode.git/auth', LOOPBACK]
    const { status, body } = await register({ ...some, redirect_uris: uris })
    assert.deepEqual([status, body.redirect_uris], [201, [LOOPBACK, 'vscode://vscode.git/auth']])
  })

  it('REG-03: where none can be used, the answer says which, why, and what would be', async () => {
    const { status, body } = await register({ ...some, redirect_uris: [CURSOR, 'javascript:alert(1)'] })
    assert.deepEqual([status, body.error], [400, 'invalid_redirect_uri'])
    assert.match(body.error_description, /\/redirect_uris\/0 .*localhost.*\/redirect_uris\/1 /)
    const confidential = { ...some, token_endpoint_auth_method: 'client_secret_basic' }
    const own = await register({ ...confidential, redirect_uris: ['vscode://vscode.git/auth'] })
    assert.equal(own.status, 400, 'a scheme of its own is for public clients')
  })

  it('REG-07: half a surrogate pair is refused, and does not break anything', async () => {
    const { status, body } = await register({
      ...some,
      client_name: 'Acme \ud83d',
      redirect_uris: [LOOPBACK],
    })
    assert.deepEqual([status, body.error], [400, 'invalid_client_metadata'])
  })

  it('CON-17: the sign-in page names the host of a client without pre-registration', async () => {
    const { body } = await register({ ...some, redirect_uris: ['https://tool.example/cb'] })
    const asked = { client_id: body.client_id, redirect_uri: 'https://tool.example/cb' }
    const jar = openJar(oauth.origin)
    const page = await jar.follow(
      await jar.get(authorizePath({ ...asked, code_challenge: pkce().challenge })),
    )
    assert.match(page.text, /to continue to <strong>Editor \(tool\.example\)<\/strong>/)
  })

  it('REG-10: the limit is as it is set, and what was refused does not count', async () => {
    for (let n = 0; n < 30; n++)
      assert.equal((await register({ redirect_uris: [`myapp${n}://callback`] })).status, 400)
    const statuses: number[] = []
    for (let n = 0; n < 5; n++) statuses.push((await register({ ...some, redirect_uris: [LOOPBACK] })).status)
    assert.deepEqual(statuses, [201, 201, 201, 201, 429])
  })
})

describe('how a client sends its secret', () => {
  let oauth: OAuthApp
  before(async () => {
    oauth = await openOAuthApp({ oauth: OAUTH })
  })
  after(() => oauth.close())
  const form = { grant_type: 'authorization_code', code: 'x', code_verifier: 'x'.repeat(43) }
  /** Answer of the token endpoint to the right secret, sent in either way: `invalid_grant`, or `invalid_client`. */
  const errorsOf = async ({ client_id, client_secret }: { client_id: string; client_secret: string }) => {
    const inBody = await post(oauth.origin, '/oauth/token', { ...form, client_id, client_secret })
    const basic = Buffer.from(`${client_id}:${client_secret}`).toString('base64')
    const inHeader = await fetch(`${oauth.origin}/oauth/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams(form),
    })
    return [inBody.body, await inHeader.json()]
  }
  const made = async (more: Record<string, unknown>) => {
    const asked = {
      name: 'App',
      type: 'confidential',
      redirect_uris: ['https://app.example.com/cb'],
      ...more,
    }
    return (await oauth.app.call('POST', '/v1/clients', asked)).body
  }

  it('TOK-10: in the header or in the body, where neither was asked for', async () => {
    const either = await made({})
    const registered = await registerAt(oauth.origin)({ redirect_uris: ['https://app.example.com/cb'] })
    for (const client of [either, registered.body])
      assert.deepEqual(
        (await errorsOf(client)).map(({ error }) => error),
        ['invalid_grant', 'invalid_grant'],
      )
    for (const method of ['client_secret_basic', 'client_secret_post'])
      assert.deepEqual(
        (await errorsOf({ ...(await made({ token_endpoint_auth_method: method })) })).map(
          ({ error }) => error,
        ),
        method === 'client_secret_basic'
          ? ['invalid_client', 'invalid_grant']
          : ['invalid_grant', 'invalid_client'],
      )
    const path = `/v1/clients/${either.client_id}`
    await oauth.app.call('PATCH', path, { name: 'Renamed' })
    assert.deepEqual(
      (await errorsOf(either)).map(({ error }) => error),
      ['invalid_grant', 'invalid_grant'],
    )
    await oauth.app.call('PATCH', path, { token_endpoint_auth_method: 'client_secret_basic' })
    assert.deepEqual(
      (await errorsOf(either)).map(({ error }) => error),
      ['invalid_client', 'invalid_grant'],
    )
  })

  it('TOK-10: the response names a known client’s method, the same for a right and a wrong secret', async () => {
    const client = await made({ token_endpoint_auth_method: 'client_secret_basic' })
    const said = 'This client is registered for client_secret_basic; the secret was sent in the body.'
    for (const secret of [client.client_secret, 'wrong'])
      assert.deepEqual((await errorsOf({ ...client, client_secret: secret }))[0].error_description, said)
    const { client_id } = client
    const none = await post(oauth.origin, '/oauth/token', { ...form, client_id })
    assert.match(none.body.error_description, /no authentication was sent/)
    const unknown = await post(oauth.origin, '/oauth/token', {
      ...form,
      client_id: 'cli_nobody',
      client_secret: 'x',
    })
    assert.doesNotMatch(unknown.body.error_description, /registered for/)
  })

  it('REG-07: no text that people are shown hides anything, wherever it comes from', async () => {
    const hidden = ['\u3164', 'Acme\u3164', 'Ac\u200bme', '\u2800', 'Pay\u202epal', '...', 'A\ufff9b']
    for (const name of hidden) {
      const rows: [method: string, path: string, body: unknown][] = [
        [
          'POST',
          '/v1/clients',
          { name, type: 'confidential', redirect_uris: ['https://app.example.com/cb'] },
        ],
        ['PATCH', '/v1/owners/org_1', { name }],
        ['POST', '/v1/scopes', { name: 'a:read', description: name }],
        ['POST', '/v1/apis', { identifier: 'https://api.example', name }],
        ['POST', '/v1/users', { email: 'y@example.com', name }],
      ]
      for (const [method, path, body] of rows) {
        const answer = await oauth.app.call(method as 'POST', path, body as object)
        assert.equal(answer.status, 400, `${method} ${path} ${JSON.stringify(name)}`)
        assert.match(answer.body.detail, /cannot be seen|no letter/, path)
      }
    }
  })
})
