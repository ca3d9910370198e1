import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { addSeconds } from '../base/clock.ts'

const DAY = 86_400

describe('the policy of one owner', () => {
  let app: TestApp
  beforeEach(async () => {
    const policy = { environments: ['live'], maxLifetimeSeconds: 90 * DAY, maxKeysPerOwner: 2 }
    app = await openTestApp({ policy })
    // The first member creates an owner, too.
    const { body: user } = await app.call('POST', '/v1/users', { email: 'ann@example.com', name: 'Ann' })
    for (const ownerId of ['org_1', 'org_2'])
      await app.call('PUT', `/v1/owners/${ownerId}/members/${user.id}`)
  })
  afterEach(() => app.close())

  const setPolicy = (body: object, as?: string) =>
    app.call('PATCH', '/v1/owners/org_1', body, as === undefined ? {} : { as })
  const create = (ownerId: string, more: object = {}) =>
    app.call('POST', '/v1/keys', { owner_id: ownerId, name: 'a', environment: 'live', scopes: [], ...more })
  const inDays = (days: number) => addSeconds(app.clock.now(), days * DAY).toISOString()
  const policyOf = async (ownerId: string) => {
    const { body } = await app.call('GET', `/v1/owners/${ownerId}`)
    return [body.max_lifetime_seconds, body.max_keys]
  }

  it('KEY-09: 0, null and missing are three cases, and null means as configured', async () => {
    assert.deepEqual(await policyOf('org_1'), [null, null])
    const answer = await setPolicy({ max_lifetime_seconds: 60, max_keys: 0 })
    assert.deepEqual([answer.status, answer.body.max_lifetime_seconds, answer.body.max_keys], [200, 60, 0])
    await setPolicy({ name: 'Acme' })
    assert.deepEqual(await policyOf('org_1'), [60, 0])
    await setPolicy({ max_lifetime_seconds: null })
    assert.deepEqual(await policyOf('org_1'), [null, 0])
    await setPolicy({ max_keys: null })
    assert.deepEqual(await policyOf('org_1'), [null, null])
    for (const wrong of [
      { max_lifetime_seconds: 59 },
      { max_lifetime_seconds: 60.5 },
      { max_lifetime_seconds: 3_155_760_001 },
      { max_lifetime_seconds: '60' },
      { max_keys: -1 },
      { max_keys: 1.5 },
    ])
      assert.equal((await setPolicy(wrong)).body.code, 'invalid_request', JSON.stringify(wrong))
    assert.equal((await setPolicy({ max_lifetime_seconds: 3_155_760_000 })).status, 200)
  })

  for (const days of [30, 365])
    it(`KEY-09: ${days} days replace the configured 90 for keys that are created, changed and rotated, of this owner alone`, async () => {
      await setPolicy({ max_lifetime_seconds: days * DAY })
      const { body: key } = await create('org_1')
      assert.equal(key.expires_at, inDays(days))
      assert.equal((await create('org_2')).body.expires_at, inDays(90))
      const tooLong = { expires_at: addSeconds(new Date(inDays(days)), 1).toISOString() }
      const url = `/v1/keys/${key.id}`
      assert.equal((await create('org_1', tooLong)).body.code, 'lifetime_too_long')
      assert.equal((await app.call('PATCH', url, tooLong)).body.code, 'lifetime_too_long')
      assert.equal((await app.call('POST', `${url}/rotate`, tooLong)).body.code, 'lifetime_too_long')
      await app.call('PATCH', url, { expires_at: inDays(1) })
      assert.equal((await app.call('PATCH', url, { expires_at: inDays(days) })).status, 200)
      app.clock.advance({ hours: 1 })
      const { body: rotated } = await app.call('POST', `${url}/rotate`, { expires_at: inDays(days) })
      assert.equal(rotated.expires_at, inDays(days))
    })

  it('KEY-09: secrets of an owner’s clients follow its policy, those of the API provider’s the configuration', async () => {
    await setPolicy({ max_lifetime_seconds: 365 * DAY })
    const expiries = async (clientId: string) => {
      const { body } = await app.call('GET', `/v1/clients/${clientId}`)
      return body.secrets.map((secret: { expires_at: string }) => secret.expires_at)
    }
    for (const [ownerId, days] of [
      ['org_1', 365],
      ['org_2', 90],
      [null, 90],
    ] as const) {
      const { client_id: id } = await app.clientFor(ownerId)
      const made = inDays(days)
      app.clock.advance({ hours: 1 })
      await app.call('POST', `/v1/clients/${id}/rotate`, {})
      assert.deepEqual(await expiries(id), [inDays(days), made], `${ownerId}`)
    }
  })

  it('KEY-17: an owner can be allowed fewer keys, more, or none; existing ones stay', async () => {
    const ask = async (ownerId = 'org_1') => (await create(ownerId)).body.code ?? 'created'
    await setPolicy({ max_keys: 3 })
    assert.deepEqual(
      [await ask(), await ask(), await ask(), await ask()],
      ['created', 'created', 'created', 'too_many_keys'],
    )
    assert.deepEqual(
      [await ask('org_2'), await ask('org_2'), await ask('org_2')],
      ['created', 'created', 'too_many_keys'],
    )
    await setPolicy({ max_keys: 0 })
    assert.equal(await ask(), 'too_many_keys')
    const { body: keys } = await app.call('GET', '/v1/keys?owner_id=org_1&state=active')
    assert.equal(keys.data.length, 3)
    for (const { id } of keys.data.slice(0, 2)) await app.call('POST', `/v1/keys/${id}/revoke`)
    assert.equal(await ask(), 'too_many_keys')
    await setPolicy({ max_keys: null })
    assert.deepEqual([await ask(), await ask()], ['created', 'too_many_keys'])
  })

  it('KEY-09: an admin key that is bound to the owner reads its policy, and can neither set nor try a change', async () => {
    const bound = await app.adminKeyWith(['owners:read', 'owners:write'], 'org_1')
    await setPolicy({ max_lifetime_seconds: 30 * DAY, max_keys: 1 })
    for (const body of [
      { max_lifetime_seconds: 60 },
      { max_lifetime_seconds: null },
      { max_lifetime_seconds: 60, dry_run: true },
      { max_keys: 5 },
      { max_keys: null },
      { name: 'Acme', max_keys: 1 },
    ]) {
      const answer = await setPolicy(body, bound)
      assert.deepEqual([answer.status, answer.body.code], [403, 'limits_not_permitted'])
    }
    assert.equal((await setPolicy({ name: 'Acme' }, bound)).status, 200)
    const { body } = await app.call('GET', '/v1/owners/org_1', undefined, { as: bound })
    assert.deepEqual([body.name, body.max_lifetime_seconds, body.max_keys], ['Acme', 30 * DAY, 1])
    const elsewhere = await app.call('PATCH', '/v1/owners/org_2', { max_keys: 5 }, { as: bound })
    assert.equal(elsewhere.status, 404)
  })
})
