import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openTestApp, type TestAnswer, type TestApp } from '../../test/app.ts'
import { staffAs } from '../../test/staff.ts'
import { addSeconds } from '../base/clock.ts'

const DAY = 86_400
const CONFIGURED = { environments: ['live', 'test'], maxLifetimeSeconds: null, maxKeysPerOwner: 50 }

describe('the policy of an environment', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp({ policy: CONFIGURED })
    for (const name of ['orders:read', 'orders:write'])
      await app.call('POST', '/v1/scopes', { name, description: 'Orders' })
  })
  after(() => app.close())

  const NONE = {
    max_lifetime_seconds: null,
    default_lifetime_seconds: null,
    never_expires_allowed: true,
    max_overlap_seconds: null,
    max_keys: null,
    ip_allowlist_required: false,
    allowed_scopes: null,
    owner_allowed_scopes: null,
    rotate_every_days: null,
    disable_unused_after_days: null,
    notice_tiers: null,
  }
  const set = async (rules: object, environment = 'live') => {
    const answer = await app.call('PATCH', `/v1/policies/${environment}`, { ...NONE, ...rules })
    assert.equal(answer.status, 200, answer.text)
    return answer.body
  }
  let owners = 0
  const newOwner = () => {
    owners += 1
    return `org_${owners}`
  }
  const create = (more: object = {}) =>
    app.call('POST', '/v1/keys', {
      owner_id: newOwner(),
      name: 'a',
      environment: 'live',
      scopes: ['orders:read'],
      ...more,
    })
  const made = async (more: object = {}) => {
    const answer = await create(more)
    assert.equal(answer.status, 201, answer.text)
    return answer.body
  }
  const inDays = (days: number) => addSeconds(app.clock.now(), days * DAY).toISOString()
  const refusedBy = (answer: TestAnswer, code: string, field: string, environment = 'live') => {
    assert.deepEqual([answer.status >= 400, answer.body.code], [true, code], answer.text)
    assert.match(answer.body.detail, new RegExp(`^The policy of \`${environment}\` \\(\`${field}\`\\) `))
  }

  it('KEY-09: tells of each rule its value and where it is from, for an owner too', async () => {
    await set({ max_lifetime_seconds: 30 * DAY, ip_allowlist_required: true })
    const ownerId = newOwner()
    await made({ owner_id: ownerId, environment: 'test' })
    await app.call('PATCH', `/v1/owners/${ownerId}`, { max_keys: 3 })
    const { body } = await app.call('GET', `/v1/policies?owner_id=${ownerId}`)
    const [live, test] = body.data
    assert.deepEqual(
      [live.environment, live.is_test, test.environment, test.is_test],
      ['live', false, 'test', true],
    )
    assert.deepEqual(live.rules, {
      max_lifetime_seconds: { value: 30 * DAY, from: 'environment' },
      default_lifetime_seconds: { value: null, from: 'configuration' },
      never_expires_allowed: { value: true, from: 'configuration' },
      max_overlap_seconds: { value: null, from: 'configuration' },
      max_keys: { value: 3, from: 'owner' },
      ip_allowlist_required: { value: true, from: 'environment' },
      allowed_scopes: { value: null, from: 'configuration' },
      owner_allowed_scopes: { value: null, from: 'configuration' },
      rotate_every_days: { value: null, from: 'configuration' },
      disable_unused_after_days: { value: null, from: 'configuration' },
      notice_tiers: { value: null, from: 'configuration' },
    })
    assert.deepEqual(test.rules.max_lifetime_seconds, { value: null, from: 'configuration' })
    assert.deepEqual(
      body.presets.map(({ name }: { name: string }) => name),
      ['open', 'standard', 'soc2'],
    )
    const one = await app.call('GET', '/v1/policies/live')
    assert.deepEqual(one.body.rules.max_keys, { value: 50, from: 'configuration' })
    assert.equal((await app.call('GET', '/v1/policies/prod')).status, 404)
    assert.equal((await app.call('PATCH', '/v1/policies/prod', {})).status, 404)
  })

  it('KEY-09: 0, null, false and missing are different cases; contradictions are refused', async () => {
    await set({ max_keys: 0, max_lifetime_seconds: 60, allowed_scopes: [] })
    const { body } = await app.call('PATCH', '/v1/policies/live', { max_lifetime_seconds: null })
    assert.deepEqual(
      [body.rules.max_keys.value, body.rules.max_lifetime_seconds, body.rules.allowed_scopes.value],
      [0, { value: null, from: 'configuration' }, []],
    )
    for (const [rules, code] of [
      [{ max_lifetime_seconds: 59 }, 'invalid_request'],
      [{ max_overlap_seconds: 3599 }, 'invalid_request'],
      [{ max_keys: -1 }, 'invalid_request'],
      [{ never_expires_allowed: null }, 'invalid_request'],
      [{ idle_seconds: 60 }, 'unknown_field'],
      [{ ...NONE, never_expires_allowed: false }, 'policy_contradicts'],
      [{ ...NONE, max_lifetime_seconds: 60, default_lifetime_seconds: 61 }, 'policy_contradicts'],
    ] as const)
      assert.equal(
        (await app.call('PATCH', '/v1/policies/live', rules)).body.code,
        code,
        JSON.stringify(rules),
      )
  })

  const LATE = () => ({ expires_at: addSeconds(app.clock.now(), 30 * DAY + 1).toISOString() })
  const NEVER = { default_lifetime_seconds: 60, never_expires_allowed: false }
  const patch = (id: string, body: object) => app.call('PATCH', `/v1/keys/${id}`, body)
  const rotate = (id: string, body: object) => app.call('POST', `/v1/keys/${id}/rotate`, body)
  const own = (secret: string, body: object) => app.call('POST', '/v1/self/rotate', body, { as: secret })
  /** Each verb that makes or changes a key or a secret, against each rule that it could break. */
  const VERBS: readonly (readonly [
    verb: string,
    field: string,
    rules: object,
    code: string,
    act: (key: { id: string; secret: string }) => Promise<TestAnswer>,
  ])[] = [
    [
      'creation',
      'max_lifetime_seconds',
      { max_lifetime_seconds: 30 * DAY },
      'lifetime_too_long',
      () => create(LATE()),
    ],
    [
      'creation without an end',
      'max_lifetime_seconds',
      { max_lifetime_seconds: 30 * DAY },
      'lifetime_too_long',
      () => create({ expires_at: null }),
    ],
    [
      'creation without an end',
      'never_expires_allowed',
      NEVER,
      'never_expires_not_allowed',
      () => create({ expires_at: null }),
    ],
    [
      'creation from anywhere',
      'ip_allowlist_required',
      { ip_allowlist_required: true },
      'ip_allowlist_required',
      () => create(),
    ],
    [
      'creation with a scope',
      'allowed_scopes',
      { allowed_scopes: ['orders:write'] },
      'scope_not_allowed',
      () => create(),
    ],
    ['creation', 'max_keys', { max_keys: 0 }, 'too_many_keys', () => create()],
    [
      'a later end',
      'max_lifetime_seconds',
      { max_lifetime_seconds: 30 * DAY },
      'lifetime_too_long',
      ({ id }) => patch(id, LATE()),
    ],
    [
      'no end',
      'never_expires_allowed',
      NEVER,
      'never_expires_not_allowed',
      ({ id }) => patch(id, { expires_at: null }),
    ],
    [
      'no allow-list any more',
      'ip_allowlist_required',
      { ip_allowlist_required: true },
      'ip_allowlist_required',
      ({ id }) => patch(id, { ip_allowlist: null }),
    ],
    [
      'one more scope',
      'allowed_scopes',
      { allowed_scopes: ['orders:read'] },
      'scope_not_allowed',
      ({ id }) => patch(id, { scopes: ['orders:read', 'orders:write'] }),
    ],
    [
      'a rotation',
      'max_lifetime_seconds',
      { max_lifetime_seconds: 30 * DAY },
      'lifetime_too_long',
      ({ id }) => rotate(id, LATE()),
    ],
    [
      'a rotation to no end',
      'never_expires_allowed',
      NEVER,
      'never_expires_not_allowed',
      ({ id }) => rotate(id, { expires_at: null }),
    ],
    [
      'a rotation',
      'max_overlap_seconds',
      { max_overlap_seconds: 3600 },
      'overlap_too_long',
      ({ id }) => rotate(id, { overlap_seconds: 3601 }),
    ],
    [
      'a longer overlap',
      'max_overlap_seconds',
      { max_overlap_seconds: 3600 },
      'overlap_too_long',
      async ({ id }) => {
        await rotate(id, { overlap_seconds: 3600 })
        app.clock.advance({ seconds: 60 })
        return await app.call('PATCH', `/v1/keys/${id}/rotation`, { overlap_seconds: 3600 })
      },
    ],
    [
      'a key’s rotation of itself',
      'max_overlap_seconds',
      { max_overlap_seconds: 3600 },
      'overlap_too_long',
      ({ secret }) => own(secret, { overlap_seconds: 3601 }),
    ],
    [
      'a rotation of a client’s secret',
      'max_overlap_seconds',
      { max_overlap_seconds: 3600 },
      'overlap_too_long',
      async () => {
        const { client_id } = await app.clientFor(newOwner(), { environment: 'live' })
        return await app.call('POST', `/v1/clients/${client_id}/rotate`, { overlap_seconds: 3601 })
      },
    ],
  ]
  for (const [verb, field, rules, code, act] of VERBS)
    it(`KEY-09: ${verb} is refused by ${field} in this environment alone, and not once the rule is lifted`, async () => {
      const keyIn = async (environment: string) =>
        await made({
          environment,
          lifetime_seconds: 20 * DAY,
          ip_allowlist: ['127.0.0.0/8'],
          self_rotation: true,
        })
      await set({})
      const [key, another] = [await keyIn('live'), await keyIn('live')]
      await set(rules)
      refusedBy(await act(key), code, field)
      const elsewhere = await create({ environment: 'test', expires_at: null })
      assert.equal(elsewhere.status, 201, elsewhere.text)
      await set({})
      const allowed = await act(another)
      assert.ok(allowed.status < 300, allowed.text)
    })

  it('KEY-09: what names no end gets the default, successors and client secrets what the policy allows', async () => {
    await set({ ...NEVER, default_lifetime_seconds: 10 * DAY, max_overlap_seconds: 7200 })
    const key = await made({ self_rotation: true })
    assert.equal(key.expires_at, inDays(10))
    const rotated = await rotate(key.id, {})
    assert.deepEqual([rotated.status, rotated.body.expires_at], [200, inDays(10)])
    assert.equal(rotated.body.rotation.ends_at, addSeconds(app.clock.now(), 7200).toISOString())
    const { client_id } = await app.clientFor(newOwner(), { environment: 'live' })
    const client = await app.call('GET', `/v1/clients/${client_id}`)
    assert.equal(client.body.secrets[0].expires_at, inDays(10))
    await set({})
    const endless = await made({ self_rotation: true })
    await set({ ...NEVER, default_lifetime_seconds: 10 * DAY, max_overlap_seconds: 7200 })
    const itself = await own(endless.secret, {})
    assert.deepEqual([itself.status, itself.body.expires_at], [200, inDays(10)])
    assert.equal(itself.body.rotation.ends_at, addSeconds(app.clock.now(), 7200).toISOString())
  })

  it('KEY-09: what a key has, it keeps: other changes, an earlier end and fewer scopes are not refused', async () => {
    await set({})
    const key = await made({ scopes: ['orders:read', 'orders:write'] })
    await rotate(key.id, { overlap_seconds: 10 * DAY })
    await set({
      ...NEVER,
      max_overlap_seconds: 3600,
      allowed_scopes: [],
      ip_allowlist_required: true,
      max_keys: 0,
    })
    for (const body of [
      { name: 'b' },
      { scopes: ['orders:read', 'orders:write'] },
      { scopes: ['orders:write'] },
      { expires_at: inDays(9) },
    ])
      assert.equal((await patch(key.id, body)).status, 200, JSON.stringify(body))
    const sooner = await app.call('PATCH', `/v1/keys/${key.id}/rotation`, { overlap_seconds: 9 * DAY - 1 })
    assert.equal(sooner.status, 200, sooner.text)
    // A scope that was taken away does not come back past the rule.
    refusedBy(
      await patch(key.id, { scopes: ['orders:read', 'orders:write'] }),
      'scope_not_allowed',
      'allowed_scopes',
    )
  })

  it('KEY-17: counts the keys of an owner in the environment, and an owner’s own number replaces it', async () => {
    const ownerId = newOwner()
    const one = async (environment: string) =>
      (await create({ owner_id: ownerId, environment })).body.code ?? 'created'
    await set({ max_keys: 1 })
    assert.deepEqual(
      [await one('test'), await one('live'), await one('live'), await one('test')],
      ['created', 'created', 'too_many_keys', 'created'],
    )
    await app.call('PATCH', `/v1/owners/${ownerId}`, { max_keys: 4 })
    assert.deepEqual([await one('live'), await one('live')], ['created', 'too_many_keys'])
  })

  it('KEY-09: an owner’s own longest lifetime replaces the environment’s, stricter or looser', async () => {
    await set({ max_lifetime_seconds: 30 * DAY })
    for (const days of [10, 60]) {
      const ownerId = newOwner()
      await made({ owner_id: ownerId, environment: 'test' })
      await app.call('PATCH', `/v1/owners/${ownerId}`, { max_lifetime_seconds: days * DAY })
      assert.equal((await made({ owner_id: ownerId })).expires_at, inDays(days))
    }
  })

  it('AUD-01: the audit log has the rules before and after, and the actor', async () => {
    await set({ max_keys: 7 })
    await set({ max_keys: 8 })
    const { body } = await app.call('GET', '/v1/audit-events?action=policy.changed&limit=1')
    const [{ target_id, actor, detail }] = body.data
    assert.deepEqual([target_id, actor.kind, detail.environment], ['live', 'admin_key', 'live'])
    assert.deepEqual(detail.before, { ...NONE, max_keys: 7 })
    assert.deepEqual(detail.after, { ...NONE, max_keys: 8 })
  })

  it('MGT-03: administrators change policies, with a fresh proof except for a dry run; others read them', async () => {
    const ask = async (role: Parameters<typeof staffAs>[1], body: object, proven?: []) => {
      const staff = await staffAs(app, role, proven === undefined ? {} : { proven })
      return await app.call('PATCH', '/v1/policies/test', body, staff.as)
    }
    assert.equal((await ask('administrator', { max_keys: 9 })).status, 200)
    assert.equal((await ask('administrator', { max_keys: 9 }, [])).body.code, 'fresh_proof_required')
    assert.equal((await ask('administrator', { max_keys: 9, dry_run: true }, [])).status, 200)
    for (const role of ['security', 'support', 'viewer', 'developer'] as const)
      assert.deepEqual((await ask(role, { max_keys: 9, dry_run: true })).status, 403, role)
    const developer = await staffAs(app, 'developer')
    const { body } = await app.call('GET', '/v1/policies', undefined, developer.as)
    assert.deepEqual(
      body.data.map(({ environment }: { environment: string }) => environment),
      ['test'],
    )
    assert.equal((await app.call('GET', '/v1/policies/live', undefined, developer.as)).status, 404)
    const bound = await app.adminKeyWith(['owners:read', 'owners:write'], 'org_bound')
    const answer = await app.call('PATCH', '/v1/policies/live', { max_keys: 9 }, { as: bound })
    assert.deepEqual([answer.status, answer.body.code], [403, 'insufficient_permission'])
    // It reads the rules, and not who changed them.
    const [live] = (await app.call('GET', '/v1/policies', undefined, { as: bound })).body.data
    assert.deepEqual(
      [live.environment, live.changed_at, live.changed_by, live.shortening],
      ['live', null, null, null],
    )
  })
})
