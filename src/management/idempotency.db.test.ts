import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'

describe('a request that is stored under its Idempotency-Key', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
  })
  after(() => app.close())

  const user = (password: string, key: string, as = app.adminKey) =>
    app.call(
      'POST',
      '/v1/users',
      { email: `${key}@example.com`, name: 'Kim', password },
      { as, headers: { 'idempotency-key': key } },
    )
  const rows = () => app.db.selectFrom('idempotent_requests').selectAll().execute()

  it('STO-01: stores nothing against which a password can be guessed', async () => {
    const password = 'two brown owls tap at noon'
    const body = { email: 'one@example.com', name: 'Kim', password }
    assert.equal((await user(password, 'one')).status, 201)
    const guesses = [JSON.stringify(body), JSON.stringify(Object.fromEntries(Object.entries(body).sort()))]
    for (const guess of guesses)
      for (const content of [guess, `POST /v1/users\n${guess}`])
        for (const { fingerprint } of await rows())
          assert.notDeepEqual(
            Buffer.from(fingerprint),
            createHash('sha256').update(content).digest(),
            'a fast hash of what the caller sent',
          )
  })

  it('MGT-15: differs under every admin key and every Idempotency-Key', async () => {
    const { body: other } = await app.call('POST', '/v1/admin-keys', {
      name: 'other',
      permissions: ['keys:write'],
    })
    const body = { owner_id: 'org_1', name: 'k', environment: 'live', scopes: ['orders:read'] }
    await app.keyFor('org_1')
    for (const [as, key] of [
      [app.adminKey, 'a'],
      [app.adminKey, 'b'],
      [other.secret, 'a'],
    ])
      await app.call('POST', '/v1/keys', body, { as, headers: { 'idempotency-key': key ?? '' } })
    const fingerprints = (await rows()).map(({ fingerprint }) => Buffer.from(fingerprint).toString('hex'))
    assert.equal(new Set(fingerprints).size, fingerprints.length)
  })

  it('MGT-15: is the same request with its members in another order', async () => {
    const headers = { 'idempotency-key': 'order' }
    const first = await app.call(
      'POST',
      '/v1/admin-keys',
      { name: 'a', permissions: ['verify'] },
      { headers },
    )
    const again = await app.call(
      'POST',
      '/v1/admin-keys',
      { permissions: ['verify'], name: 'a' },
      { headers },
    )
    assert.deepEqual([first.status, again.status, again.text], [201, 201, first.text])
  })

  it('MGT-15: is distinguished from another request, and from one with another secret of the admin key', async () => {
    const { body: key } = await app.call('POST', '/v1/admin-keys', {
      name: 'rotates',
      permissions: ['users:write'],
    })
    assert.equal((await user('two brown owls tap at noon', 'two', key.secret)).status, 201)
    const other = await user('three brown owls tap at noon', 'two', key.secret)
    assert.deepEqual([other.status, other.body.code], [422, 'idempotency_key_reused'])
    const { body: rotated } = await app.call('POST', `/v1/admin-keys/${key.id}/rotate`)
    const later = await user('two brown owls tap at noon', 'two', rotated.secret)
    assert.deepEqual([later.status, later.body.code], [409, 'replay_unavailable'])
  })
})
