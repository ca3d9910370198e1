import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { openTestApp, type TestAnswer, type TestApp } from '../../test/app.ts'
import { contentOf } from '../../test/management/content.ts'
import {
  callOperation,
  type Documented,
  documentedOperations,
  type Examples,
  exampleProvider,
  examplesOn,
  inOrderOfLife,
  isOfSelf,
} from '../../test/management/operations.ts'
import { type SignedInStaff, staffAs } from '../../test/staff.ts'
import type { Permission } from '../management/permission.ts'
import { permissionsOf, ROLE_NAMES, type RoleName } from './role.ts'

/** Programs do these with a key of their own. */
const FOR_PROGRAMS = new Set(['verify', 'login_challenges:write'])
/** Read what is of all environments; `getUsageSeries` does where no key is named. */
const OF_ALL_ENVIRONMENTS = new Set(['getOwnerImpact', 'getUsage', 'getUsageSeries', 'listVerifiers'])
/** Needs a fresh proof for some changes. */
const SOMETIMES = new Set(['createClient', 'changeClient', 'applyRemedy'])
/** Also needs the permission of the act that it does. */
const NEEDS_THAT_OF_ITS_ACT = 'applyRemedy'

describe('the roles of staff, over every operation of the management API', () => {
  let app: TestApp
  let operations: Documented[]
  let live: Examples
  let test: Examples
  const members = new Map<RoleName, SignedInStaff>()

  before(async () => {
    app = await openTestApp({}, { providerFetch: exampleProvider })
    operations = await documentedOperations(app)
    live = await examplesOn(app, 'org_a')
    for (const role of ROLE_NAMES) members.set(role, await staffAs(app, role))
    test = await examplesOn(app, 'org_t', 'test')
  })
  after(() => app.close())

  const as = (role: RoleName) => members.get(role) as SignedInStaff
  const ask = (role: RoleName, operation: Documented, examples: Examples = live): Promise<TestAnswer> =>
    callOperation(app, operation, { ...examples[operation.id], staff: as(role) }, app.adminKey)
  const ordinary = () => inOrderOfLife(operations.filter((each) => !isOfSelf(each)))
  /** Operations that a role may do. */
  const heldBy = (role: RoleName) =>
    ordinary().filter(
      ({ permission }) => permissionsOf(role).has(permission as Permission) && !FOR_PROGRAMS.has(permission),
    )

  for (const role of ROLE_NAMES.filter((each) => each !== 'administrator'))
    it(`MGT-03: refuses ${role} each operation whose permission the role lacks, and changes nothing`, async () => {
      const held = permissionsOf(role)
      const before = await contentOf(app)
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
      assert.deepEqual(await contentOf(app), before)
    })

  it('MGT-03: lets a developer neither see nor change what is live, as if it did not exist', async () => {
    const before = await contentOf(app)
    for (const operation of heldBy('developer')) {
      const id = live[operation.id]?.path?.id
      if (id === undefined || /^(org_|api_)/.test(id)) continue
      const { status, body } = await ask('developer', operation)
      assert.deepEqual([operation.id, status, body.code], [operation.id, 404, 'not_found'])
    }
    assert.deepEqual(await contentOf(app), before)
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

  it('MGT-03: lets a developer do everything with keys and clients of test environments, and nothing across them', async () => {
    for (const operation of heldBy('developer')) {
      const { id } = operation
      const { status, body, text } = await ask('developer', operation, test)
      if (OF_ALL_ENVIRONMENTS.has(id)) assert.equal(body.code, 'environment_not_covered', id)
      else assert.ok(status < 300, `${id} answers ${status}: ${text}`)
    }
  })

  it('MGT-03: shows support no metadata, in no answer', async () => {
    const { id } = await app.keyFor('org_m', { metadata: { plan: 'gold', deep: { metadata: 'x' } } })
    const seen = await app.call('GET', `/v1/keys/${id}`, undefined, as('viewer').as)
    assert.equal(seen.body.metadata.plan, 'gold')
    for (const operation of heldBy('support')) {
      const { text } = await ask('support', operation)
      assert.doesNotMatch(text, /"metadata":(?!null)/, operation.id)
    }
    const hidden = await app.call('GET', `/v1/keys/${id}`, undefined, as('support').as)
    assert.deepEqual([hidden.status, hidden.body.metadata], [200, null])
  })

  for (const role of ROLE_NAMES.filter((each) => each !== 'developer'))
    it(`MGT-03: lets ${role} do each operation whose permission the role has`, async () => {
      const own = await examplesOn(app, `org_${role}`)
      for (const operation of heldBy(role)) {
        const { status, body, text } = await ask(role, operation, own)
        const isBeyond = operation.id === NEEDS_THAT_OF_ITS_ACT && !permissionsOf(role).has('keys:revoke')
        if (isBeyond) assert.equal(body.code, 'insufficient_permission')
        else assert.ok(status < 300, `${operation.id} answers ${status}: ${text}`)
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
