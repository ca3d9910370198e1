import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { openTestApp, type TestAnswer, type TestApp } from '../../test/app.ts'
import {
  callOperation,
  type Documented,
  documentedOperations,
  type Examples,
  examplesOn,
  isOfSelf,
} from '../../test/management/operations.ts'
import { type SignedInStaff, staffAs } from '../../test/staff.ts'
import type { Permission } from '../management/permission.ts'
import { permissionsOf, ROLE_NAMES, type RoleName } from './role.ts'

/** Programs do these with a key of their own. */
const FOR_PROGRAMS = new Set(['verify', 'login_challenges:write'])
/** Reads what belongs to no environment. */
const OF_ALL_ENVIRONMENTS = new Set(['getUsage', 'getUsageSeries', 'listDeadCredentials'])
/** Needs a fresh proof for some changes. */
const SOMETIMES = new Set(['createClient', 'changeClient'])
const ROTATION = ['finishKeyRotation', 'undoKeyRotation', 'revokeKey', 'revokeClient', 'revokeAdminKey']

describe('the roles of staff, over every operation of the management API', () => {
  let app: TestApp
  let operations: Documented[]
  let live: Examples
  let test: Examples
  const members = new Map<RoleName, SignedInStaff>()

  before(async () => {
    app = await openTestApp()
    operations = await documentedOperations(app)
    live = await examplesOn(app, 'org_a')
    for (const role of ROLE_NAMES) members.set(role, await staffAs(app, role))
    const { id } = await app.keyFor('org_t', { environment: 'test', metadata: { plan: 'gold' } })
    const client = await app.clientFor('org_t', { environment: 'test' })
    const byClient = { path: { id: client.client_id } }
    test = {
      getKey: { path: { id } },
      getKeyUsage: { path: { id } },
      getKeyQuotas: { path: { id } },
      getKeyAddresses: { path: { id } },
      getKeyScopeUse: { path: { id } },
      changeKey: { path: { id }, body: { name: 'b' } },
      disableKey: { path: { id }, body: {} },
      enableKey: { path: { id }, body: {} },
      revokeKey: { path: { id }, body: {} },
      getClient: byClient,
      changeClient: { ...byClient, body: { name: 'b' } },
      suspendClient: { ...byClient, body: { reason: 'test' } },
      revokeClient: { ...byClient, body: { reason: 'test' } },
      createKey: { body: { owner_id: 'org_t', name: 'a', environment: 'test', scopes: [] } },
      createClient: {
        body: { name: 'a', type: 'public', redirect_uris: ['https://a.example/cb'], owner_id: 'org_t' },
      },
    }
  })
  after(() => app.close())

  const as = (role: RoleName) => members.get(role) as SignedInStaff
  const ask = (role: RoleName, operation: Documented, examples: Examples = live): Promise<TestAnswer> =>
    callOperation(app, operation, { ...examples[operation.id], staff: as(role) }, app.adminKey)
  const last = (a: Documented, b: Documented) => ROTATION.indexOf(a.id) - ROTATION.indexOf(b.id)
  const ordinary = () => operations.filter((each) => !isOfSelf(each)).toSorted(last)
  const byId = (id: string) => operations.find((each) => each.id === id) as Documented

  for (const role of ROLE_NAMES.filter((each) => each !== 'administrator'))
    it(`MGT-03: refuses ${role} each operation whose permission the role lacks`, async () => {
      const held = permissionsOf(role)
      let refused = 0
      for (const operation of ordinary()) {
        if (held.has(operation.permission as Permission)) continue
        const { status, body } = await ask(role, operation)
        const isForPrograms = FOR_PROGRAMS.has(operation.permission)
        assert.deepEqual(
          [operation.id, status, body.code],
          [operation.id, ...(isForPrograms ? [401, 'no_credential'] : [403, 'insufficient_permission'])],
        )
        refused += 1
      }
      assert.ok(refused >= 15)
    })

  it('MGT-03: lets a developer neither see nor change what is live, as if it did not exist', async () => {
    const held = permissionsOf('developer')
    for (const operation of ordinary()) {
      const id = live[operation.id]?.path?.id
      if (!held.has(operation.permission as Permission) || id === undefined || /^(org_|api_)/.test(id))
        continue
      const { status, body } = await ask('developer', operation)
      assert.deepEqual([operation.id, status, body.code], [operation.id, 404, 'not_found'])
    }
    for (const operation of ordinary().filter(({ id }) => OF_ALL_ENVIRONMENTS.has(id)))
      assert.equal((await ask('developer', operation)).body.code, 'environment_not_covered')
    for (const [url, field] of [
      ['/v1/keys?limit=200', 'id'],
      ['/v1/keys?limit=200&owner_id=org_t', 'id'],
      ['/v1/clients?limit=200', 'client_id'],
    ] as const) {
      const { body } = await app.call('GET', url, undefined, as('developer').as)
      assert.deepEqual(
        [...new Set(body.data.map((each: Record<string, string>) => each.environment))],
        ['test'],
      )
      assert.ok(body.data.every((each: Record<string, string>) => each[field] !== undefined))
    }
    assert.deepEqual(
      (await app.call('GET', '/v1/keys?environment=live', undefined, as('developer').as)).body.data,
      [],
    )
    const secret = (await app.keyFor('org_a')).secret
    assert.equal((await app.call('POST', '/v1/keys/lookup', { secret }, as('developer').as)).status, 404)
    for (const [id, environment] of [
      ['createKey', 'live'],
      ['createClient', 'live'],
    ] as const) {
      const { body: example } = test[id] ?? {}
      const url = id === 'createKey' ? '/v1/keys' : '/v1/clients'
      const made = await app.call('POST', url, { ...example, environment }, as('developer').as)
      assert.deepEqual([made.status, made.body.code], [403, 'environment_not_covered'])
    }
  })

  it('MGT-03: lets a developer do everything with keys and clients of test environments', async () => {
    for (const id of Object.keys(test).toSorted((a, b) => ROTATION.indexOf(a) - ROTATION.indexOf(b))) {
      const { status, text } = await ask('developer', byId(id), test)
      assert.ok(status < 300, `${id} answers ${status}: ${text}`)
    }
  })

  it('MGT-03: shows support no metadata, in no answer', async () => {
    const { id } = await app.keyFor('org_m', { metadata: { plan: 'gold', deep: { metadata: 'x' } } })
    const seen = await app.call('GET', `/v1/keys/${id}`, undefined, as('viewer').as)
    assert.equal(seen.body.metadata.plan, 'gold')
    const held = permissionsOf('support')
    for (const operation of ordinary().filter((each) => held.has(each.permission as Permission))) {
      const { text } = await ask('support', operation)
      assert.doesNotMatch(text, /"metadata":(?!null)/, operation.id)
    }
    const hidden = await app.call('GET', `/v1/keys/${id}`, undefined, as('support').as)
    assert.deepEqual([hidden.status, hidden.body.metadata], [200, null])
  })

  it('MGT-03: lets security revoke, and not create, and each role do what it has', async () => {
    const { id } = await app.keyFor('org_s')
    const revoked = await app.call('POST', `/v1/keys/${id}/revoke`, {}, as('security').as)
    assert.equal(revoked.status, 200)
    for (const role of ROLE_NAMES) {
      const held = permissionsOf(role)
      for (const operation of ordinary()) {
        if (operation.method !== 'GET' || !held.has(operation.permission as Permission)) continue
        if (FOR_PROGRAMS.has(operation.permission)) continue
        const { status, text } = await ask(role, operation)
        const expected = role === 'developer' ? [200, 403, 404] : [200]
        assert.ok(expected.includes(status), `${role} ${operation.id} ${status}: ${text}`)
      }
    }
  })

  it('CON-13: asks for a fresh proof before exactly the operations that the guide lists', async () => {
    const guide = readFileSync('docs/guides/staff.md', 'utf8')
    const listed = guide.slice(guide.indexOf('These are:'), guide.indexOf('The last line is'))
    const asking = ordinary().filter(({ responses }) =>
      /fresh_proof_required/.test(JSON.stringify(responses)),
    )
    assert.deepEqual(
      asking.map(({ id }) => id).sort(),
      [...listed.matchAll(/`(\w+[a-z][A-Z]\w+)`/g)].map(([, id]) => id).sort(),
    )
    for (const role of ['administrator', 'security'] as const) {
      const staff = await staffAs(app, role, { proven: [] })
      for (const operation of asking) {
        if (SOMETIMES.has(operation.id) || !permissionsOf(role).has(operation.permission as Permission))
          continue
        const { status, body } = await callOperation(
          app,
          operation,
          { ...live[operation.id], staff },
          app.adminKey,
        )
        assert.deepEqual([operation.id, status, body.code], [operation.id, 403, 'fresh_proof_required'])
      }
    }
  })

  it('CON-13: asks for a fresh proof to send the codes of an app elsewhere, and not to rename it', async () => {
    const stale = await staffAs(app, 'administrator', { proven: [] })
    const { client_id } = await app.clientFor('org_a')
    const url = `/v1/clients/${client_id}`
    const { redirect_uris } = (await app.call('GET', url)).body
    const change = (body: object, who: SignedInStaff['as']) => app.call('PATCH', url, body, who)
    const moved = { redirect_uris: ['https://evil.example/cb'] }
    for (const body of [moved, { token_endpoint_auth_method: 'client_secret_post' }, { first_party: true }])
      assert.equal((await change(body, stale.as)).body.code, 'fresh_proof_required', JSON.stringify(body))
    const own = { name: 'a', type: 'public', redirect_uris, first_party: true }
    const made = await app.call('POST', '/v1/clients', own, stale.as)
    assert.equal(made.body.code, 'fresh_proof_required')
    assert.equal((await change({ name: 'b', redirect_uris }, stale.as)).status, 200)
    assert.deepEqual((await app.call('GET', url)).body.redirect_uris, redirect_uris)
    assert.equal((await change(moved, as('administrator').as)).status, 200)
    assert.equal((await change({ redirect_uris }, {})).status, 200)
  })

  it('MGT-03: takes a developer, who is bound to environments and no owner, for the API provider', async () => {
    const { as: developer } = as('developer')
    const daily = { limit: 5, period: 'day' }
    const { id } = await app.keyFor('org_p', { environment: 'test' })
    await app.call('PATCH', '/v1/owners/org_p', { quota: { limit: 9, period: 'day' } })
    const limited = await app.call('PATCH', `/v1/keys/${id}`, { quota: daily }, developer)
    assert.deepEqual([limited.status, limited.body.quota], [200, daily])

    const { client_id } = await app.clientFor('org_p', { environment: 'test' })
    const url = `/v1/clients/${client_id}`
    await app.call('POST', `${url}/suspend`, { reason: 'test' }, developer)
    const owner = { as: await app.adminKeyWith(['clients:read', 'clients:write'], 'org_p') }
    assert.equal((await app.call('POST', `${url}/resume`, {}, owner)).body.code, 'exceeds_authority')
    assert.equal((await app.call('POST', `${url}/resume`, {}, developer)).status, 200)
    const machine = {
      ...{ name: 'm', type: 'confidential', owner_id: 'org_p', environment: 'test', redirect_uris: [] },
      ...{ grant_types: ['client_credentials'], client_credentials_scopes: ['orders:read'] },
    }
    assert.equal((await app.call('POST', '/v1/clients', machine, developer)).status, 201)
    const trusted = await app.call('PATCH', url, { first_party: true }, developer)
    assert.deepEqual([trusted.status, trusted.body.code], [403, 'exceeds_authority'])
  })

  it('MGT-03: shows a developer no count of the owner, which is of live environments too', async () => {
    const { id } = await app.keyFor('org_q', { environment: 'test', quota: { limit: 5, period: 'day' } })
    await app.call('PATCH', '/v1/owners/org_q', { quota: { limit: 9, period: 'day' } })
    const holders = async (who: SignedInStaff['as']) =>
      (await app.call('GET', `/v1/keys/${id}/quotas`, undefined, who)).body.data.map(
        (each: { of: string }) => each.of,
      )
    assert.deepEqual(await holders(as('administrator').as), ['key', 'owner'])
    assert.deepEqual(await holders(as('developer').as), ['key'])
  })

  it('MGT-06: gives an admin key the same bounds, and none beyond its creator', async () => {
    const make = (body: object, options = {}) =>
      app.call(
        'POST',
        '/v1/admin-keys',
        { name: 'a', permissions: ['keys:read', 'keys:write'], ...body },
        options,
      )
    const bound = await make({ environments: ['test'], hides_metadata: true })
    assert.deepEqual(
      [bound.status, bound.body.environments, bound.body.hides_metadata],
      [201, ['test'], true],
    )
    const with_ = { as: bound.body.secret }
    const listed = await app.call('GET', '/v1/keys?owner_id=org_t', undefined, with_)
    assert.ok(listed.body.data.length > 0)
    for (const each of listed.body.data) assert.deepEqual([each.environment, each.metadata], ['test', null])
    const { id } = await app.keyFor('org_a')
    assert.equal((await app.call('POST', `/v1/keys/${id}/revoke`, {}, with_)).status, 404)
    for (const refused of [
      { environments: ['test'], permissions: ['users:read'] },
      { environments: ['test'], permissions: ['verify'] },
      { hides_metadata: true, permissions: ['audit:read'] },
    ])
      assert.equal((await make(refused)).body.code, 'exceeds_authority', JSON.stringify(refused))
    const hiding = await make({ hides_metadata: true, permissions: ['keys:read', 'admin_keys:write'] })
    const beyond = await make({ permissions: ['keys:read'] }, { as: hiding.body.secret })
    assert.equal(beyond.body.code, 'exceeds_authority')
    const seeing = await make({ permissions: ['keys:read'] })
    const rotated = await app.call(
      'POST',
      `/v1/admin-keys/${seeing.body.id}/rotate`,
      {},
      { as: hiding.body.secret },
    )
    assert.equal(rotated.body.code, 'exceeds_authority')
  })
})
