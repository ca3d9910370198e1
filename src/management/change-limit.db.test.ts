import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'

const MOST = 10
const BURST = { name: 'burst', limit: 100, window_seconds: 60 }

describe('changes that only fill the audit log', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp({ changesPerMinute: MOST })
  })
  after(() => app.close())

  /** Numbers of audit events and of notifications so far. */
  const marks = async () => {
    const events = await app.db.selectFrom('audit_head').select('seq').executeTakeFirstOrThrow()
    const changes = await app.db.selectFrom('changes_head').select('position').executeTakeFirstOrThrow()
    return [events.seq, changes.position]
  }

  it('AUD-12: a change to what is so already is neither recorded nor announced', async () => {
    const expiresAt = new Date(app.clock.nowMs() + 86_400_000).toISOString()
    const ofKey = {
      name: 'a key',
      scopes: ['orders:read', 'orders:write'],
      ip_allowlist: ['10.0.0.0/8'],
      metadata: { plan: { b: 1, a: [2] } },
      note: 'in the vault',
      rate_limits: [BURST],
      quota: { limit: 5, period: 'day' },
      expires_at: expiresAt,
    }
    const { id } = await app.keyFor('org_1', ofKey)
    const ofOwner = { name: 'One', notice_contacts: ['one@example.com'], rate_limits: [BURST], max_keys: 5 }
    await app.call('PATCH', '/v1/owners/org_1', ofOwner)
    const { client_id } = await app.clientFor('org_1')
    const ofClient = { name: 'An app', redirect_uris: ['https://app.example.com/cb'] }
    const { body: api } = await app.call('POST', '/v1/apis', { identifier: 'https://b.example', name: 'B' })
    const same: [path: string, body: Record<string, unknown>, other: Record<string, unknown>][] = [
      [`/v1/keys/${id}`, ofKey, { name: 'another' }],
      [`/v1/keys/${id}`, { scopes: ofKey.scopes.toReversed() }, { scopes: ['orders:read'] }],
      [`/v1/keys/${id}`, { metadata: { plan: { a: [2], b: 1 } } }, { metadata: { plan: { a: [2, 1] } } }],
      [`/v1/keys/${id}`, { expires_at: expiresAt }, { expires_at: null }],
      ['/v1/owners/org_1', ofOwner, { name: 'Two' }],
      ['/v1/owners/org_1', { max_lifetime_seconds: null }, { max_keys: 6 }],
      [`/v1/clients/${client_id}`, ofClient, { description: 'new' }],
      [`/v1/apis/${api.id}`, { name: 'B', identifier: 'https://b.example' }, { name: 'C' }],
    ]
    for (const [path, body, other] of same) {
      const before = await marks()
      for (const said of [body, {}]) {
        const answer = await app.call('PATCH', path, said)
        assert.equal(answer.status, 200, answer.text)
        assert.deepEqual(await marks(), before, `${path} ${JSON.stringify(said)}`)
      }
      assert.equal((await app.call('PATCH', path, other)).status, 200)
      assert.notDeepEqual(await marks(), before, path)
    }
  })

  it('AUD-12: the admin keys of one owner change so much a minute together; those for all owners have no limit', async () => {
    await app.keyFor('org_2')
    await app.keyFor('org_3')
    const mine = [
      await app.adminKeyWith(['owners:write'], 'org_2'),
      await app.adminKeyWith(['owners:write', 'owners:read'], 'org_2'),
    ]
    const rename = (n: number, as?: string, owner = 'org_2') =>
      app.call('PATCH', `/v1/owners/${owner}`, { name: `name ${n}` }, as === undefined ? {} : { as })
    for (let n = 0; n < MOST; n++) assert.equal((await rename(n, mine[n % 2])).status, 200)
    const before = await marks()
    for (const as of mine) {
      const { status, body, headers } = await rename(MOST, as)
      assert.deepEqual([status, body.code], [429, 'too_many_requests'])
      assert.equal(headers['retry-after'], '60')
    }
    assert.deepEqual(await marks(), before)
    assert.equal(
      (await app.call('GET', '/v1/owners/org_2', undefined, { as: mine[1] as string })).status,
      200,
    )
    const other = await app.adminKeyWith(['owners:write'], 'org_3')
    assert.equal((await rename(1, other, 'org_3')).status, 200)
    for (let n = 0; n < MOST * 2; n++) assert.equal((await rename(n)).status, 200)
    app.clock.advance({ seconds: 60 })
    assert.equal((await rename(MOST, mine[0])).status, 200)
  })
})
