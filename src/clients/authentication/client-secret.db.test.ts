import assert from 'node:assert/strict'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { hashCredential } from '@doorward/sdk/kernel'
import { SignJWT } from 'jose'
import { openSecondNode, openTestApp, type TestApp, type TestClient } from '../../../test/app.ts'
import type { Settings } from '../../app.ts'
import { recordSecretUse } from '../../secrets/secret.store.ts'
import { clientWithSecret } from '../client.store.ts'
import { authenticateClient, type ClientKnowledge } from './authenticate-client.ts'
import { forgetOldAssertions, spendAssertion } from './client-assertion.store.ts'

const ISSUER = 'https://auth.example.com'
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const SIGNING = generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** Client authentication as at the token endpoint, on the database. */
function askerOf(app: TestApp) {
  const { db, clock } = app
  const knowledge: ClientKnowledge = {
    issuer: ISSUER,
    find: (clientId, hash) => clientWithSecret(db, clientId, hash),
    spend: (clientId, assertion) => spendAssertion(db, clientId, assertion),
    recordUse: (secretId, use) => recordSecretUse(db, secretId, use),
    mayAttempt: () => true,
    recordProof: () => {},
    fetchKeys: async () => null,
  }
  return async (authorization: string | null, form: Record<string, string> = {}) => {
    const request = {
      authorization: authorization === null ? [] : [authorization],
      form: new URLSearchParams(form),
    }
    const arrival = { now: clock.now(), ip: '198.51.100.7', userAgent: 'app\u00a0/1.0' }
    const result = await authenticateClient(knowledge, request, arrival)
    return result.ok ? result.value.client.id : result.no.reason
  }
}

const basic = ({ client_id }: TestClient, secret: string) =>
  `Basic ${Buffer.from(`${client_id}:${secret}`).toString('base64')}`

describe('clients and their secrets in the database', () => {
  let app: TestApp
  let ask: ReturnType<typeof askerOf>
  beforeEach(() => open())
  afterEach(() => app.close())

  async function open(settings: Partial<Settings> = {}) {
    app = await openTestApp(settings)
    ask = askerOf(app)
  }
  const post = async (id: string, verb: string, body: object = {}) =>
    (await app.call('POST', `/v1/clients/${id}/${verb}`, body)).body
  const read = async (id: string) => (await app.call('GET', `/v1/clients/${id}`)).body

  it('TOK-11: the right one gets in; another client, a key of the same text and texts that are no ids do not', async () => {
    const [mine, other] = [await app.clientFor(null), await app.clientFor('org_1')]
    const key = await app.keyFor('org_1')
    assert.equal(await ask(basic(mine, mine.client_secret)), mine.client_id)
    assert.equal(await ask(basic(mine, other.client_secret)), 'secret_wrong')
    assert.equal(await ask(basic(mine, key.secret)), 'secret_wrong')
    for (const client_id of ['cli_nobody', 'x'.repeat(5000), '%00', '%F0%9F%98%80', "' or 1=1 --"])
      assert.equal(await ask(basic({ ...mine, client_id }, mine.client_secret)), 'unknown_client')
  })

  it('suspended and revoked, by itself or with its owner: refused at the next request', async () => {
    const client = await app.clientFor('org_1')
    const asked = () => ask(basic(client, client.client_secret))
    const got = [await asked()]
    for (const [path, body] of [
      [`clients/${client.client_id}/suspend`, { reason: 'test' }],
      [`clients/${client.client_id}/resume`, {}],
      ['owners/org_1/suspend', { reason: 'test' }],
      ['owners/org_1/resume', {}],
      [`clients/${client.client_id}/revoke`, {}],
    ] as const) {
      await app.call('POST', `/v1/${path}`, body)
      got.push(await asked())
    }
    const { client_id } = client
    assert.deepEqual(got, [
      ...[client_id, 'client_suspended', client_id, 'owner_suspended', client_id, 'client_revoked'],
    ])
  })

  it('TOK-20 KEY-11: two secrets work during an overlap, and only the new one after it', async () => {
    const client = await app.clientFor(null)
    const rotated = await post(client.client_id, 'rotate', { overlap_seconds: 60 })
    assert.match(rotated.client_secret, /^cs_live_/)
    const asked = async () => [
      await ask(basic(client, client.client_secret)),
      await ask(basic(client, rotated.client_secret)),
    ]
    assert.deepEqual(await asked(), [client.client_id, client.client_id])
    const third = await app.call('POST', `/v1/clients/${client.client_id}/rotate`, {})
    assert.deepEqual([third.status, third.body.code], [409, 'rotation_running'])
    app.clock.advance({ seconds: 60 })
    assert.deepEqual(await asked(), ['secret_rotated', client.client_id])
  })

  it('the client shows the last caller of each secret; finish ends the old one at once', async () => {
    const client = await app.clientFor(null)
    await ask(basic(client, client.client_secret))
    app.clock.advance({ seconds: 1 })
    const { client_secret } = await post(client.client_id, 'rotate')
    // A use is stored once a minute, so that the last one can have been a minute later.
    app.clock.advance({ seconds: 3_658 })
    assert.equal((await read(client.client_id)).rotation.safe_to_finish, false)
    app.clock.advance({ seconds: 1 })
    await ask(basic(client, client_secret))
    const { rotation, secrets } = await read(client.client_id)
    assert.equal(rotation.safe_to_finish, true)
    assert.deepEqual(
      secrets.map((secret: Record<string, unknown>) => [
        secret.last_used_ip,
        secret.last_used_user_agent,
        secret.last_used_at,
      ]),
      [
        ['198.51.100.7', 'app/1.0', '2030-01-01T01:01:00.000Z'],
        ['198.51.100.7', 'app/1.0', '2030-01-01T00:00:00.000Z'],
      ],
    )
    await post(client.client_id, 'rotation/finish')
    assert.equal(await ask(basic(client, client.client_secret)), 'secret_rotated')
  })

  it('undo revokes an unused new secret, and never a used one', async () => {
    const client = await app.clientFor(null)
    const { client_secret: unused } = await post(client.client_id, 'rotate')
    await post(client.client_id, 'rotation/undo')
    assert.equal(await ask(basic(client, unused)), 'secret_revoked')
    assert.equal(await ask(basic(client, client.client_secret)), client.client_id)
    const { client_secret: used } = await post(client.client_id, 'rotate')
    await ask(basic(client, used))
    assert.equal((await post(client.client_id, 'rotation/undo')).code, 'rotation_in_use')
    assert.equal(await ask(basic(client, used)), client.client_id)
  })

  it('KEY-09: a secret ends with the longest lifetime of the policy, and a client whose secret expired can be rotated', async () => {
    await app.close()
    await open({ policy: { environments: ['live'], maxLifetimeSeconds: 60, maxKeysPerOwner: 10 } })
    const client = await app.clientFor(null)
    app.clock.advance({ seconds: 59 })
    assert.equal(await ask(basic(client, client.client_secret)), client.client_id)
    app.clock.advance({ seconds: 1 })
    assert.equal(await ask(basic(client, client.client_secret)), 'secret_expired')
    const { client_secret } = await post(client.client_id, 'rotate')
    assert.equal(await ask(basic(client, client_secret)), client.client_id)
    assert.notEqual(await ask(basic(client, client.client_secret)), client.client_id)
  })

  it('a client that goes over to signing loses its secrets for good, and gets a new one where it comes back', async () => {
    const client = await app.clientFor(null)
    const patch = (body: object) => app.call('PATCH', `/v1/clients/${client.client_id}`, body)
    const jwks = { keys: [SIGNING.publicKey.export({ format: 'jwk' })] }
    await patch({ token_endpoint_auth_method: 'private_key_jwt', jwks })
    assert.equal(await ask(basic(client, client.client_secret)), 'method_not_registered')
    assert.equal(await ask(null, await signed(client.client_id)), client.client_id)
    const back = await patch({ token_endpoint_auth_method: 'client_secret_post', jwks: null })
    assert.deepEqual([back.status, back.body.rotation], [200, null])
    const posted = (client_secret: string) => ask(null, { client_id: client.client_id, client_secret })
    assert.equal(await posted(client.client_secret), 'secret_revoked')
    const { client_secret } = await post(client.client_id, 'rotate')
    assert.equal(await posted(client_secret), client.client_id)
    assert.equal(await posted(client.client_secret), 'secret_revoked')
  })

  it('VER-13: a secret that was seen in a URL is marked as exposed, and shown to its owner so', async () => {
    const { client_id, client_secret } = await app.clientFor('org_1')
    const exposed = [{ hash: hashCredential(client_secret), at: app.clock.now().toISOString(), ip: null }]
    await app.call('POST', '/v1/usage-batches', { id: 'batch_exposed1', items: [], exposed })
    assert.equal((await read(client_id)).secrets[0].exposed_at, app.clock.now().toISOString())
    const events = await app.call('GET', `/v1/audit-events?owner_id=org_1&action=client.exposed`)
    assert.deepEqual(
      events.body.data.map(({ target_id }: { target_id: string }) => target_id),
      [client_id],
    )
  })

  async function signed(client_id: string, jti: string = randomUUID(), more: object = {}) {
    const now = app.clock.now().getTime() / 1000
    const claims = { iss: client_id, sub: client_id, aud: ISSUER, exp: now + 60, jti, ...more }
    const jwt = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).sign(SIGNING.privateKey)
    return { client_assertion_type: JWT_BEARER, client_assertion: jwt }
  }
  const signing = () =>
    app.clientFor(null, {
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [SIGNING.publicKey.export({ format: 'jwk' })] },
    })

  it('TOK-18: of twelve requests at once with one assertion, one gets in; ids are kept apart by client', async () => {
    const [a, b] = [await signing(), await signing()]
    const assertion = await signed(a.client_id, 'same')
    const got = await Promise.all(Array.from({ length: 12 }, () => ask(null, assertion)))
    assert.deepEqual(got.sort(), [...Array(11).fill('assertion_replayed'), a.client_id])
    assert.equal(await ask(null, await signed(b.client_id, 'same')), b.client_id)
    assert.ok(
      !JSON.stringify(await app.db.selectFrom('client_assertions').selectAll().execute()).includes('same'),
    )
  })

  it('TOK-18: the fault of a signed assertion reaches its sender, and the list of the requests that were refused', async () => {
    const { client_id } = await signing()
    const nowSeconds = app.clock.now().getTime() / 1000
    const aud = 'http://doorward.test'
    const faults = [
      [{}, 'assertion_audience', /^aud of the assertion must be the issuer/],
      [
        { aud, exp: nowSeconds - 120 },
        'assertion_expired',
        /^exp of the assertion is missing or in the past/,
      ],
      [
        { aud, exp: nowSeconds + 3600 },
        'assertion_lives_too_long',
        /^exp of the assertion is more than five/,
      ],
      [{ aud, sub: 'cli_other' }, 'assertion_subject', /^sub of the assertion must be the client_id/],
    ] as const
    // Another server: it writes its counts when it closes.
    const node = await openSecondNode(app)
    const send = async (form: Record<string, string>) => {
      const payload = new URLSearchParams({ grant_type: 'client_credentials', ...form }).toString()
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      const { statusCode, body } = await node.inject({
        method: 'POST',
        url: '/oauth/token',
        headers,
        payload,
      })
      return { statusCode, ...(JSON.parse(body) as { error: string; error_description: string }) }
    }
    for (const [more, , description] of faults) {
      const refused = await send(await signed(client_id, randomUUID(), more))
      assert.deepEqual([refused.statusCode, refused.error], [401, 'invalid_client'])
      assert.match(refused.error_description, description)
    }
    // The signature of another key: its sender reads no more than a stranger does.
    const forged = await send({
      ...(await signed(client_id)),
      client_assertion: `${(await signed(client_id)).client_assertion.slice(0, -8)}AAAAAAAA`,
    })
    assert.equal(forged.error_description, 'The client is unknown, or its authentication failed.')
    await node.close()
    const { body } = await app.call('GET', `/v1/clients/${client_id}/refused-requests`)
    assert.deepEqual(
      body.data.map(({ reason, endpoint }: Record<string, string>) => `${endpoint} ${reason}`).sort(),
      [...faults.map(([, reason]) => `token ${reason}`), 'token assertion_signature'].sort(),
    )
  })

  it('STO-05: spent assertions are forgotten once they could not be presented again, however many', async () => {
    const client = await signing()
    const assertion = await signed(client.client_id)
    await ask(null, assertion)
    // A server whose clock is behind may take one for ten minutes more.
    const gone = { forgetAt: new Date(app.clock.now().getTime() - 600_000) }
    for (let n = 0; n < 2_100; n++) await spendAssertion(app.db, 'cli_old', { jti: `${n}`, ...gone })
    const left = async () => (await app.db.selectFrom('client_assertions').selectAll().execute()).length
    app.clock.advance({ seconds: 119 })
    await forgetOldAssertions(app.db, app.clock.now())
    assert.equal(await left(), 1)
    assert.equal(await ask(null, assertion), 'assertion_replayed')
    app.clock.advance({ seconds: 2 })
    await forgetOldAssertions(app.db, app.clock.now())
    assert.equal(await left(), 1)
    app.clock.advance({ seconds: 600 })
    await forgetOldAssertions(app.db, app.clock.now())
    assert.equal(await left(), 0)
    assert.equal(await ask(null, assertion), 'assertion_expired')
  })
})
