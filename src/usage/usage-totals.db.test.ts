import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Kysely } from 'kysely'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { up as sumUpOwners } from '../db/migrations/0027-usage-of-owners.ts'

describe('usage over all keys', () => {
  let own: TestApp
  const read = async (query = '', as?: string) =>
    (await own.call('GET', `/v1/usage${query}`, undefined, as === undefined ? {} : { as })).body
  const sums = (rows: readonly { outcome: string; calls: number }[]) =>
    Object.fromEntries(rows.map(({ outcome, calls }) => [outcome, calls]))
  const item = (credential_id: string | null, now: string, more: object = {}) => ({
    ...{ credential_id, outcome: 'accepted', scope: 'orders:read', minute: now, last_at: now },
    ...{ count: 3, calls: 3, last_ip: '198.51.100.7', last_user_agent: 'curl/8' },
    ...more,
  })
  let bound: string
  before(async () => {
    own = await openTestApp()
    const [a, b] = [await own.keyFor('org_a'), await own.keyFor('org_b')]
    bound = await own.adminKeyWith(['keys:read'], 'org_b')
    const now = own.clock.now().toISOString()
    const of = async (keyId: string) => (await own.call('GET', `/v1/keys/${keyId}`)).body.secrets[0].id
    const items = [
      item(await of(a.id), now),
      item(await of(b.id), now, { count: 5, calls: 5 }),
      item(await of(b.id), now, { outcome: 'expired', count: 2, calls: 2 }),
      item(await of(b.id), now, { scope: 'orders:write', count: 5, calls: 0 }),
      item(null, now, { outcome: 'unknown', scope: '', last_ip: '203.0.113.66' }),
    ]
    const { status } = await own.call('POST', '/v1/usage-batches', {
      id: 'batch_all_keys',
      items,
      exposed: [],
    })
    assert.equal(status, 200)
  })
  after(() => own.close())

  it('counts each verification as one call by outcome, unknown credentials included', async () => {
    const body = await read()
    assert.deepEqual(sums(body.data), { accepted: 8, expired: 2, unknown: 3 })
    assert.deepEqual(body.last_unknown, {
      at: own.clock.now().toISOString(),
      ip: '203.0.113.66',
      user_agent: 'curl/8',
    })
    assert.deepEqual(sums((await read('?grain=day')).data), sums(body.data))
    assert.deepEqual(sums((await read('?grain=minute')).data), sums(body.data))
  })

  it('of one owner excludes other owners and unknown credentials', async () => {
    const body = await read('?owner_id=org_a')
    assert.deepEqual([sums(body.data), body.last_unknown], [{ accepted: 3 }, null])
    assert.deepEqual(await read('?owner_id=org_nobody'), { data: [], last_unknown: null })
  })

  it('OPS-02: includes counts from before totals of owners were stored', async () => {
    const before = await read('?owner_id=org_b')
    await own.db.deleteFrom('usage_minutes').where('credential_id', 'like', 'owner:%').execute()
    assert.deepEqual((await read('?owner_id=org_b')).data, [])
    await sumUpOwners(own.db as unknown as Kysely<unknown>)
    assert.deepEqual(await read('?owner_id=org_b'), before)
  })

  it('MGT-02: shows an admin key bound to an owner that owner only, whatever it requests', async () => {
    for (const query of ['', '?owner_id=org_b']) {
      const body = await read(query, bound)
      assert.deepEqual([sums(body.data), body.last_unknown], [{ accepted: 5, expired: 2 }, null])
    }
    assert.deepEqual(await read('?owner_id=org_a', bound), { data: [], last_unknown: null })
  })
})
