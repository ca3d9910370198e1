import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { createVerifier, httpSource, type Verifier } from '@doorward/sdk'
import { openSecondNode, type TestApp, type TestClient } from '../app.ts'
import { openJar } from '../cookie-jar.ts'
import { eventually } from '../eventually.ts'
import { arrive, connect, type OAuthApp, openOAuthApp, pkce, post } from '../oauth.ts'

/** The tokens that a row ends: each row has its own app, grant, client and user. */
interface Subject {
  readonly oauth: OAuthApp
  readonly client: TestClient
  readonly grantId: string
  readonly access: string
  readonly refresh: string
  readonly code: Readonly<Record<string, string>>
}

interface Ending {
  readonly what: string
  readonly end: (subject: Subject) => Promise<unknown>
  readonly reason: string
  /** The API at which the token is used; absent: any. */
  readonly resource?: string
  /** Restores the state that other rows need. */
  /** The code of `/v1/verify`, where it refuses the question. */
  readonly atVerify?: string
  readonly undo?: (subject: Subject) => Promise<unknown>
}

const call = ({ oauth }: Subject, method: string, path: string, body?: unknown) =>
  oauth.app.call(method, path, body)
const asClient = ({ oauth, client }: Subject, path: string, form: Record<string, string>) =>
  post(oauth.origin, path, form, { basic: [client.client_id, client.client_secret] })

async function renameApi(subject: Subject, identifier: string): Promise<void> {
  const { body } = await call(subject, 'GET', '/v1/apis')
  const changed = await call(subject, 'PATCH', `/v1/apis/${body.data[0].id}`, { identifier })
  assert.equal(changed.status, 200, changed.text)
}

/** Every way in which an accepted token is refused afterwards. A new one needs a row here. */
const ENDINGS: readonly Ending[] = [
  {
    what: 'the grant revoked by the provider',
    end: (subject) => call(subject, 'POST', `/v1/grants/${subject.grantId}/revoke`, { reason: 'test' }),
    reason: 'revoked',
  },
  {
    what: 'the grant reduced',
    end: (subject) => call(subject, 'PATCH', `/v1/grants/${subject.grantId}`, { scopes: ['orders:write'] }),
    reason: 'missing_scope',
  },
  {
    what: 'all grants of a client revoked',
    end: (subject) =>
      call(subject, 'POST', '/v1/grant-revocations', { client_id: subject.client.client_id, reason: 'test' }),
    reason: 'revoked',
  },
  {
    what: 'all grants of a user revoked',
    end: ({ oauth }) =>
      oauth.app.call('POST', '/v1/grant-revocations', { user_id: oauth.userId, reason: 'test' }),
    reason: 'revoked',
  },
  {
    what: 'all grants for an owner revoked',
    end: (subject) => call(subject, 'POST', '/v1/grant-revocations', { owner_id: 'org_1', reason: 'test' }),
    reason: 'revoked',
  },
  {
    what: 'all grants from before a moment revoked',
    end: async (subject) => {
      const granted_before = new Date(subject.oauth.app.clock.now().getTime() + 1).toISOString()
      return await call(subject, 'POST', '/v1/grant-revocations', { granted_before, reason: 'test' })
    },
    reason: 'revoked',
  },
  {
    what: 'the app removed by its user',
    end: async ({ oauth, grantId }) => {
      await arrive(oauth.jar, '/connected-apps')
      const page = await oauth.jar.get(`/connected-apps?app=${grantId}`)
      const last = { ...page, text: page.text.slice(page.text.lastIndexOf('<form')) }
      return await oauth.jar.submit(last, { decision: 'remove' })
    },
    reason: 'revoked',
  },
  {
    what: 'the user’s access to the owner removed',
    end: (subject) => call(subject, 'DELETE', `/v1/owners/org_1/members/${subject.oauth.userId}`),
    reason: 'revoked',
    undo: (subject) => call(subject, 'PUT', `/v1/owners/org_1/members/${subject.oauth.userId}`),
  },
  {
    what: 'the client blocked for the owner',
    end: (subject) =>
      call(subject, 'PUT', `/v1/owners/org_1/blocked-clients/${subject.client.client_id}`, {
        reason: 'test',
      }),
    reason: 'revoked',
  },
  {
    what: 'the user disabled',
    end: (subject) => call(subject, 'POST', `/v1/users/${subject.oauth.userId}/disable`, { reason: 'test' }),
    reason: 'revoked',
    undo: (subject) => call(subject, 'POST', `/v1/users/${subject.oauth.userId}/enable`),
  },
  {
    what: 'the access token revoked by its client',
    end: (subject) => asClient(subject, '/oauth/revoke', { token: subject.access }),
    reason: 'revoked',
  },
  {
    what: 'the refresh token revoked by its client',
    end: (subject) => asClient(subject, '/oauth/revoke', { token: subject.refresh }),
    reason: 'revoked',
  },
  {
    what: 'the code used again',
    end: (subject) => asClient(subject, '/oauth/token', subject.code),
    reason: 'revoked',
  },
  {
    what: 'a spent refresh token used again',
    end: async (subject) => {
      const form = { grant_type: 'refresh_token', refresh_token: subject.refresh }
      const { body } = await asClient(subject, '/oauth/token', form)
      await asClient(subject, '/oauth/token', { ...form, refresh_token: body.refresh_token })
      return await asClient(subject, '/oauth/token', form)
    },
    reason: 'revoked',
  },
  {
    what: 'the client suspended',
    end: (subject) =>
      call(subject, 'POST', `/v1/clients/${subject.client.client_id}/suspend`, { reason: 'test' }),
    reason: 'disabled',
  },
  {
    what: 'the client revoked',
    end: (subject) =>
      call(subject, 'POST', `/v1/clients/${subject.client.client_id}/revoke`, { reason: 'test' }),
    reason: 'revoked',
  },
  {
    what: 'the client’s ceiling lowered',
    end: (subject) =>
      call(subject, 'PATCH', `/v1/clients/${subject.client.client_id}`, { scopes: ['orders:write'] }),
    reason: 'missing_scope',
  },
  {
    what: 'the owner suspended',
    end: (subject) => call(subject, 'POST', '/v1/owners/org_1/suspend', { reason: 'test' }),
    reason: 'owner_suspended',
    undo: (subject) => call(subject, 'POST', '/v1/owners/org_1/resume'),
  },
  {
    what: 'the API given another identifier',
    resource: 'https://api.example.com',
    end: (subject) => renameApi(subject, 'https://api.example.org'),
    reason: 'wrong_audience',
    // The operator is told that nobody declared it, which is why no token is for it.
    atVerify: 'unknown_api',
    undo: (subject) => renameApi(subject, 'https://api.example.com'),
  },
  {
    what: 'ten minutes passed',
    end: async ({ oauth }) => oauth.app.clock.advance({ seconds: 600 }),
    reason: 'expired',
  },
]

describe('tokens, through a second node and an SDK', () => {
  let oauth: OAuthApp
  let second: TestApp['app']
  let sdk: Verifier
  before(async () => {
    oauth = await openOAuthApp()
    second = await openSecondNode(oauth.app)
    await second.listen({ port: 0, host: '127.0.0.1' })
    const { port } = second.server.address() as AddressInfo
    const adminKey = await oauth.app.adminKeyWith(['verify'])
    const steady = () => oauth.app.clock.steadyMs()
    const { body } = await oauth.app.call('GET', '/v1/apis')
    await oauth.app.call('PATCH', `/v1/apis/${body.data[0].id}`, { identifier: 'https://api.example.com' })
    sdk = createVerifier({
      source: httpSource({ url: `http://127.0.0.1:${port}`, adminKey, steady }),
      now: () => oauth.app.clock.now().getTime(),
      steady,
    })
  })
  after(async () => {
    sdk.close()
    await second.close()
    await oauth.close()
  })

  const ask = { scopes: ['orders:read'], environment: 'live', clientIp: null }
  const atSdk = async (token: string, resource?: string) => {
    const verdict = await sdk.verify(token, { ...ask, resource })
    return verdict.valid ? 'accepted' : verdict.refusal.reason
  }
  const atSecondNode = async (credential: string, resource?: string) => {
    const question = { credential, scopes: ask.scopes, environment: 'live', resource }
    const { body } = await oauth.app.call('POST', '/v1/verify', question, { node: second })
    return body.valid ? 'accepted' : (body.refusal?.reason ?? body.code)
  }

  for (const { what, end, reason, resource, atVerify, undo } of ENDINGS)
    it(`REV-09 CON-19: ${what}: ${reason} at the other node and in the SDK`, async () => {
      const client = await oauth.app.clientFor(null, { scopes: ['orders:read', 'orders:write'] })
      const { verifier, challenge } = pkce()
      const back = await connect(openJar(oauth.origin), {
        client_id: client.client_id,
        code_challenge: challenge,
      })
      const code = {
        grant_type: 'authorization_code',
        code: back.searchParams.get('code') ?? '',
        code_verifier: verifier,
      }
      const made = await post(oauth.origin, '/oauth/token', code, {
        basic: [client.client_id, client.client_secret],
      })
      const { access_token: access, refresh_token: refresh } = made.body
      const { body: grants } = await oauth.app.call('GET', `/v1/grants?client_id=${client.client_id}`)
      const subject = { oauth, client, grantId: grants.data[0].id, access, refresh, code }
      await eventually(() => atSdk(access, resource), 'accepted')
      assert.equal(await atSecondNode(access, resource), 'accepted')
      await end(subject)
      await eventually(() => atSecondNode(access, resource), atVerify ?? reason)
      await eventually(() => atSdk(access, resource), reason)
      await undo?.(subject)
    })

  const tokenAt = async (node: string, { client_id, client_secret }: TestClient, secret = client_secret) => {
    const form = { grant_type: 'client_credentials' }
    const { status, body } = await post(node, '/oauth/token', form, { basic: [client_id, secret] })
    return status === 200 ? 'a token' : body.error
  }
  const actsForItself = () =>
    oauth.app.clientFor('org_1', {
      grant_types: ['client_credentials'],
      redirect_uris: [],
      scopes: [],
      client_credentials_scopes: ['orders:read'],
    })
  const secondOrigin = () => `http://127.0.0.1:${(second.server.address() as AddressInfo).port}`

  it('KEY-10: a suspended client gets no token at the other node, which has it in its cache', async () => {
    const client = await actsForItself()
    assert.equal(await tokenAt(secondOrigin(), client), 'a token')
    await oauth.app.call('POST', `/v1/clients/${client.client_id}/suspend`, { reason: 'test' })
    await eventually(() => tokenAt(secondOrigin(), client), 'invalid_client')
  })

  it('TOK-20: a secret that was rotated out gets no token there, and its successor does', async () => {
    const client = await actsForItself()
    assert.equal(await tokenAt(secondOrigin(), client), 'a token')
    const path = `/v1/clients/${client.client_id}/rotate`
    const rotated = await oauth.app.call('POST', path, { overlap_seconds: 0 })
    assert.equal(rotated.status, 200, rotated.text)
    await eventually(() => tokenAt(secondOrigin(), client), 'invalid_client')
    assert.equal(await tokenAt(secondOrigin(), client, rotated.body.client_secret), 'a token')
  })
})
