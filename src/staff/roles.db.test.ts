import assert from 'node:assert/strict'
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
