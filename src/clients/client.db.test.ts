import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openTestApp, type TestAnswer, type TestApp } from '../../test/app.ts'

const REDIRECTS = ['https://app.example.com/cb']
const JWKS = {
  keys: [{ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }],
}
const SERVICE = { redirect_uris: [], grant_types: ['client_credentials'] }

describe('OAuth clients', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
    for (const name of ['orders:read', 'orders:write', 'reports:read'])
      await app.call('POST', '/v1/scopes', { name, description: `Allows ${name}` })
  })
  after(() => app.close())

  const register = (more: Record<string, unknown> = {}, as?: string) =>
    app.call(
      'POST',
      '/v1/clients',
      { name: 'An app', type: 'confidential', redirect_uris: REDIRECTS, ...more },
      as === undefined ? {} : { as },
    )
  const read = async (id: string) => (await app.call('GET', `/v1/clients/${id}`)).body
  const post = (id: string, verb: string, body: object = {}, as?: string) =>
    app.call('POST', `/v1/clients/${id}/${verb}`, body, as === undefined ? {} : { as })
  const patch = (id: string, body: object, as?: string) =>
    app.call('PATCH', `/v1/clients/${id}`, body, as === undefined ? {} : { as })
  const said = ({ status, body }: TestAnswer) => [status, body.code]

  it('REG-02: registered with the usual, and the whole of what was registered is answered', async () => {
    const asked = {
      name: 'Invoice Robot 🤖',
      type: 'confidential',
      redirect_uris: ['https://app.example.com/cb', 'http://127.0.0.1/cb'],
      grant_types: ['authorization_code', 'refresh_token'],
      scopes: ['orders:write', 'orders:read'],
      required_scopes: ['orders:read'],
      token_endpoint_auth_method: 'client_secret_post',
      description: 'Reads your orders',
      client_uri: 'https://app.example.com',
      logo_uri: 'https://app.example.com/logo.png',
      policy_uri: 'https://app.example.com/privacy',
      tos_uri: 'https://app.example.com/tos',
      testers: ['user_1', 'auth0|123'],
      refresh_grace_seconds: 0,
    }
    const { status, body, headers } = await app.call('POST', '/v1/clients', asked)
    assert.equal(status, 201)
    assert.equal(headers['cache-control'], 'no-store')
    assert.match(body.client_id, /^cli_[A-Za-z0-9]{20}$/)
    assert.match(body.client_secret, /^cs_live_[0-9A-Za-z]{49}$/)
    for (const [name, value] of Object.entries(asked).filter(([name]) => name !== 'scopes'))
      assert.deepEqual(body[name], value, name)
    assert.deepEqual([...body.scopes].sort(), ['orders:read', 'orders:write'])
    assert.deepEqual(body.optional_scopes, ['orders:write'])
    const { owner_id, environment, state, source, first_party, jwks, client_credentials_scopes } = body
    assert.deepEqual(
      { owner_id, environment, state, source, first_party, jwks, client_credentials_scopes },
      {
        ...{ owner_id: null, environment: 'live', state: 'live', source: 'registered', first_party: false },
        ...{ jwks: null, client_credentials_scopes: [] },
      },
    )
    const { client_secret: _, ...shown } = body
    assert.deepEqual(await read(body.client_id), shown)
  })

  it('KEY-04 STO-01: the secret is in one answer, and only its hash is stored', async () => {
    const { client_id, client_secret } = await app.clientFor(null)
    const tail = client_secret.slice('cs_live_'.length + 4)
    for (const url of [`/v1/clients/${client_id}`, '/v1/clients', '/v1/audit-events'])
      assert.ok(!(await app.call('GET', url)).text.includes(tail), url)
    const rows = [
      await app.db.selectFrom('clients').selectAll().execute(),
      await app.db.selectFrom('secrets').selectAll().execute(),
      await app.db.selectFrom('audit_events').selectAll().execute(),
    ]
    assert.ok(!JSON.stringify(rows).includes(tail) && !app.log().includes(tail))
  })

  it('a public client and one that signs have no secret', async () => {
    for (const more of [{ type: 'public' }, { token_endpoint_auth_method: 'private_key_jwt', jwks: JWKS }]) {
      const { body } = await register(more)
      assert.deepEqual(['client_secret' in body, body.secrets, body.rotation], [false, [], null])
      assert.deepEqual(said(await post(body.client_id, 'rotate')), [409, 'client_without_secret'])
      assert.deepEqual(said(await post(body.client_id, 'rotation/finish')), [409, 'client_without_secret'])
    }
  })

  it('a change is held to the same rules, and says the rest as before', async () => {
    const { client_id: id } = await app.clientFor(null, {
      scopes: ['orders:read', 'orders:write'],
      required_scopes: ['orders:read'],
    })
    assert.deepEqual(said(await patch(id, { redirect_uris: ['http://a.example'] })), [
      400,
      'invalid_redirect_uri',
    ])
    assert.deepEqual(said(await patch(id, { redirect_uris: [] })), [400, 'invalid_client_metadata'])
    assert.deepEqual(said(await patch(id, { required_scopes: ['reports:read'] })), [
      400,
      'invalid_client_metadata',
    ])
    for (const name of ['type', 'owner_id', 'environment', 'draft'])
      assert.deepEqual(said(await patch(id, { [name]: 'public' })), [400, 'unknown_field'], `REG-14: ${name}`)

    const before = await read(id)
    const uris = ['https://b.example/2', 'https://b.example/1']
    const changed = await patch(id, {
      name: 'Other',
      scopes: ['orders:read', 'reports:read'],
      redirect_uris: uris,
    })
    assert.equal(changed.status, 200, changed.text)
    assert.deepEqual(changed.body, {
      ...before,
      name: 'Other',
      scopes: ['orders:read', 'reports:read'],
      optional_scopes: ['reports:read'],
      redirect_uris: uris,
    })
    const narrowed = await patch(id, { scopes: ['reports:read'] })
    assert.deepEqual([narrowed.body.scopes, narrowed.body.required_scopes], [['reports:read'], []])
  })

  it('a scope in a client’s ceiling cannot be removed; deprecated, the client keeps it', async () => {
    await app.call('POST', '/v1/scopes', { name: 'old:read', description: 'Old' })
    const { client_id: id } = await app.clientFor(null, { scopes: ['old:read'] })
    const removal = await app.call('DELETE', '/v1/scopes/old:read')
    assert.deepEqual(said(removal), [409, 'scope_in_use'])
    assert.match(removal.body.detail, /0 keys and 1 clients/)
    await app.call('PATCH', '/v1/scopes/old:read', { deprecated: true })
    assert.equal((await patch(id, { name: 'b' })).status, 200)
    assert.deepEqual(said(await register({ scopes: ['old:read'] })), [400, 'deprecated_scope'])
    await post(id, 'revoke')
    assert.equal((await app.call('DELETE', '/v1/scopes/old:read')).status, 204)
  })

  it('MGT-15: registered once under one Idempotency-Key, with the same secret in both answers', async () => {
    const headers = { 'idempotency-key': 'register-1' }
    const body = { name: 'Once', type: 'confidential', redirect_uris: REDIRECTS }
    const first = await app.call('POST', '/v1/clients', body, { headers })
    const second = await app.call('POST', '/v1/clients', body, { headers })
    assert.deepEqual(second.body, first.body)
  })

  describe('for an owner', () => {
    let bound: string
    before(async () => {
      bound = await app.adminKeyWith(['clients:read', 'clients:write'], 'org_dev')
    })

    it('MGT-05: belongs to the owner that the admin key is bound to, and begins as a draft', async () => {
      const { body } = await register({}, bound)
      assert.deepEqual([body.owner_id, body.state], ['org_dev', 'draft'])
      assert.equal((await register({ draft: false }, bound)).body.state, 'live')
      for (const owner_id of ['org_other', null])
        assert.deepEqual(said(await register({ owner_id }, bound)), [403, 'owner_not_covered'])
    })

    it('REG-05 MGT-06: cannot be called first-party, nor be given scopes without a user', async () => {
      const m2m = { ...SERVICE, client_credentials_scopes: ['orders:read'] }
      assert.deepEqual(said(await register({ first_party: true }, bound)), [403, 'exceeds_authority'])
      assert.deepEqual(said(await register(m2m, bound)), [403, 'exceeds_authority'])
      const { client_id: id } = await app.clientFor('org_dev', { ...m2m, first_party: true })
      for (const more of [
        { client_credentials_scopes: ['orders:read', 'orders:write'] },
        { first_party: true },
      ]) {
        const own = await register({}, bound)
        assert.deepEqual(said(await patch(own.body.client_id, more, bound)), [403, 'exceeds_authority'])
      }
      const kept = await patch(
        id,
        { name: 'Kept', first_party: true, client_credentials_scopes: ['orders:read'] },
        bound,
      )
      assert.equal(kept.status, 200)
      const given = await patch(id, { first_party: false, client_credentials_scopes: [] }, bound)
      assert.deepEqual([given.body.first_party, given.body.client_credentials_scopes], [false, []])
    })

    it('MGT-02 REG-14: others, and those of the API provider, look like none', async () => {
      const own = await register({}, bound)
      for (const foreign of [await app.clientFor('org_other'), await app.clientFor(null)]) {
        const answers = [foreign.client_id, 'cli_unknown'].map((id) =>
          app.call('GET', `/v1/clients/${id}`, undefined, { as: bound }),
        )
        const [there, missing] = await Promise.all(answers)
        assert.deepEqual({ ...there?.body, request_id: '' }, { ...missing?.body, request_id: '' })
        assert.equal((await patch(foreign.client_id, { name: 'mine' }, bound)).status, 404)
        assert.equal((await post(foreign.client_id, 'rotate', {}, bound)).status, 404)
      }
      const { body } = await app.call('GET', '/v1/clients?limit=200', undefined, { as: bound })
      assert.ok(body.data.some(({ client_id }: { client_id: string }) => client_id === own.body.client_id))
      assert.ok(body.data.every(({ owner_id }: { owner_id: string }) => owner_id === 'org_dev'))
    })

    it('what the API provider suspended, the owner cannot resume', async () => {
      const { client_id: id } = await app.clientFor('org_dev')
      assert.equal((await post(id, 'suspend', { reason: 'a leak' }, bound)).body.state, 'suspended')
      assert.equal((await post(id, 'resume', {}, bound)).body.state, 'live')
      await post(id, 'suspend', { reason: 'a leak' }, bound)
      const over = await post(id, 'suspend', { reason: 'phishing' })
      assert.deepEqual([over.body.suspended_reason, over.body.suspended_by_provider], ['phishing', true])
      await post(id, 'suspend', { reason: 'not so bad' }, bound)
      assert.deepEqual(said(await post(id, 'resume', {}, bound)), [403, 'exceeds_authority'])
      assert.equal((await read(id)).suspended_reason, 'phishing')
      const resumed = await post(id, 'resume')
      assert.deepEqual([resumed.body.state, resumed.body.suspended_by_provider], ['live', false])
    })

    it('KEY-15: is suspended with its owner; a suspended owner registers none', async () => {
      const { client_id: id } = await app.clientFor('org_unpaid')
      await app.call('POST', '/v1/owners/org_unpaid/suspend', { reason: 'unpaid' })
      assert.equal((await read(id)).state, 'suspended')
      assert.deepEqual(said(await register({ owner_id: 'org_unpaid' })), [409, 'owner_suspended'])
      await app.call('POST', '/v1/owners/org_unpaid/resume')
      assert.equal((await read(id)).state, 'live')
    })

    it('KEY-17: at most a hundred of one owner; revoked ones do not count', async () => {
      const { client_id: id } = await app.clientFor('org_many', { type: 'public', scopes: [] })
      for (let n = 1; n < 100; n++) await app.clientFor('org_many', { type: 'public', scopes: [] })
      assert.deepEqual(said(await register({ owner_id: 'org_many' })), [409, 'too_many_clients'])
      await post(id, 'revoke')
      assert.equal((await register({ owner_id: 'org_many' })).status, 201)
    })
  })

  it('draft, live, suspended, revoked: read off timestamps, each step with an audit event and a change for verifiers', async () => {
    const { client_id: id } = await app.clientFor(null, { draft: true })
    const states = [(await read(id)).state]
    for (const [verb, body] of [
      ['publish', {}],
      ['publish', {}],
      ['suspend', { reason: 'a' }],
      ['resume', {}],
      ['revoke', { reason: 'b' }],
      ['revoke', {}],
    ] as const)
      states.push((await post(id, verb, body)).body.state)
    assert.deepEqual(states, ['draft', 'live', 'live', 'suspended', 'live', 'revoked', 'revoked'])
    const steps = [
      'client.created',
      'client.published',
      'client.suspended',
      'client.resumed',
      'client.revoked',
    ]
    const events = await app.call('GET', `/v1/audit-events?target_id=${id}`)
    assert.deepEqual(events.body.data.map(({ action }: { action: string }) => action).reverse(), steps)
    const told = await app.db
      .selectFrom('changes')
      .selectAll()
      .where('action', 'like', 'client.%')
      .orderBy('position')
      .execute()
    const own = await app.db
      .selectFrom('secrets')
      .select('hash')
      .where('holder_id', '=', id)
      .executeTakeFirstOrThrow()
    const about = told.filter(
      ({ hashes, client_ids }) =>
        client_ids?.includes(id) === true ||
        hashes?.some((hash) => Buffer.compare(hash, own.hash) === 0) === true,
    )
    assert.deepEqual(
      about.map(({ action }) => action),
      steps,
    )
    assert.equal(about.at(-1)?.ended_reason, 'revoked')
    for (const [verb, body] of [
      ['publish', {}],
      ['suspend', { reason: 'a' }],
      ['resume', {}],
      ['rotate', {}],
      ['rotation/finish', {}],
      ['rotation/undo', {}],
    ] as const)
      assert.deepEqual([verb, ...said(await post(id, verb, body))], [verb, 409, 'client_revoked'])
    assert.deepEqual(said(await patch(id, { name: 'b' })), [409, 'client_revoked'])
    assert.equal((await read(id)).revoked_reason, 'b')
  })

  it('lists by owner, state and environment, newest first, in pages', async () => {
    const ids = []
    for (let n = 0; n < 5; n++) {
      app.clock.advance({ ms: 1 })
      ids.unshift(
        (await app.clientFor('org_list', n % 2 === 0 ? { environment: 'test' } : { draft: true })).client_id,
      )
    }
    const list = async (query: string) => {
      const { body } = await app.call('GET', `/v1/clients?owner_id=org_list&${query}`)
      return {
        ids: body.data.map(({ client_id }: { client_id: string }) => client_id),
        next: body.next_cursor,
      }
    }
    assert.deepEqual((await list('')).ids, ids)
    assert.deepEqual((await list('state=draft')).ids, [ids[1], ids[3]])
    assert.deepEqual((await list('environment=test&state=live')).ids, [ids[0], ids[2], ids[4]])
    const first = await list('limit=3')
    assert.deepEqual([...first.ids, ...(await list(`cursor=${first.next}`)).ids], ids)
  })
})
