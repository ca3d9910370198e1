import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { eventually } from '../../test/eventually.ts'

describe('the lifetime of an admin key that another one creates', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
  })
  after(() => app.close())

  const inHours = (hours: number) => new Date(app.clock.nowMs() + hours * 3_600_000).toISOString()
  const make = (more: Record<string, unknown>, as?: string) =>
    app.call(
      'POST',
      '/v1/admin-keys',
      { name: 'made', permissions: ['admin_keys:write', 'keys:read'], ...more },
      as === undefined ? {} : { as },
    )
  const rotate = (id: string, as?: string) =>
    app.call('POST', `/v1/admin-keys/${id}/rotate`, { overlap_seconds: 60 }, as === undefined ? {} : { as })

  it('MGT-06: is not longer than that of its creator', async () => {
    const { body: maker } = await make({ expires_at: inHours(1) })
    for (const expires_at of [null, inHours(2), '9999-12-31T23:59:59.999Z']) {
      const { status, body } = await make({ expires_at }, maker.secret)
      assert.deepEqual([status, body.code], [403, 'exceeds_authority'], String(expires_at))
    }
    for (const expires_at of [inHours(1), new Date(app.clock.nowMs() + 60_000).toISOString()])
      assert.equal((await make({ expires_at }, maker.secret)).body.expires_at, expires_at)
  })

  it('MGT-06: defaults to that of its creator, and is unlimited where the creator has no expiry', async () => {
    const end = inHours(1)
    const { body: maker } = await make({ expires_at: end })
    assert.equal((await make({}, maker.secret)).body.expires_at, end)
    assert.equal((await make({})).body.expires_at, null)
  })

  it('MGT-06: is not extended by a rotation with its own secret, nor by a chain of them', async () => {
    const end = inHours(1)
    const { body: key } = await make({ expires_at: end })
    app.clock.advance({ seconds: 1800 })
    const first = await rotate(key.id, key.secret)
    assert.equal(first.body.expires_at, end)
    app.clock.advance({ seconds: 600 })
    const second = await rotate(key.id, first.body.secret)
    assert.equal(second.body.expires_at, end)
  })

  it('MGT-06: is extended only by a rotation with an admin key that expires later', async () => {
    const { body: key } = await make({ expires_at: inHours(2) })
    const { body: brief } = await make({ expires_at: inHours(1) })
    app.clock.advance({ seconds: 600 })
    const refused = await rotate(key.id, brief.secret)
    assert.deepEqual([refused.status, refused.body.code], [403, 'exceeds_authority'])
    assert.equal((await rotate(key.id)).body.expires_at, inHours(2))
  })

  it('returns one admin key in the same form as the list', async () => {
    const { body: key } = await make({})
    const { status, body } = await app.call('GET', `/v1/admin-keys/${key.id}`)
    const { body: list } = await app.call('GET', '/v1/admin-keys?limit=1')
    assert.deepEqual([status, body], [200, list.data[0]])
    assert.equal((await app.call('GET', '/v1/admin-keys/adm_nowhere')).status, 404)
  })

  it('MGT-22: knows the uses of each secret, so that a rotation can be finished safely and is not undone in use', async () => {
    const { body: key } = await make({})
    app.clock.advance({ seconds: 120 })
    const { body: rotated } = await app.call('POST', `/v1/admin-keys/${key.id}/rotate`, {
      overlap_seconds: 86_400,
    })
    const state = async () => (await app.call('GET', `/v1/admin-keys/${key.id}`)).body
    const usedOf = async () => {
      const { secrets } = await state()
      return secrets.map(({ last_used_at: at }: { last_used_at: string | null }) => at !== null)
    }
    assert.equal((await state()).rotation.safe_to_finish, false)
    const headers = { 'user-agent': 'deploy/2.1' }
    await app.call('GET', '/v1/keys?limit=1', undefined, { as: rotated.secret, headers })
    await eventually(usedOf, [true, false])
    const { secrets, rotation } = await state()
    assert.deepEqual(
      [secrets[0].last_used_at, secrets[0].last_used_user_agent, rotation.safe_to_finish],
      [app.clock.now().toISOString(), 'deploy/2.1', true],
    )
    const undone = await app.call('POST', `/v1/admin-keys/${key.id}/rotation/undo`, {})
    assert.deepEqual([undone.status, undone.body.code], [409, 'rotation_in_use'])
    await app.call('GET', '/v1/keys?limit=1', undefined, { as: key.secret })
    await eventually(usedOf, [true, true])
    assert.equal((await state()).rotation.safe_to_finish, false)
    const { rows } = await sql<{ permission: string }>`
      select permission from exercised_permissions where admin_key_id = ${key.id}`.execute(app.db)
    assert.deepEqual(rows, [{ permission: 'keys:read' }])
  })

  it('MGT-22: does not count a refused call as a use, and counts one that verifies', async () => {
    const { body: key } = await make({ permissions: ['verify'] })
    const refused = await app.call('GET', '/v1/keys', undefined, { as: key.secret })
    const verified = await app.call(
      'POST',
      '/v1/verify',
      { credential: 'sk_live_nothing', environment: 'live' },
      { as: key.secret },
    )
    assert.deepEqual([refused.status, verified.status], [403, 200])
    const exercised = async () => {
      const { rows } = await sql<{ permission: string }>`
        select permission from exercised_permissions where admin_key_id = ${key.id}`.execute(app.db)
      return rows.map(({ permission }) => permission)
    }
    await eventually(exercised, ['verify'])
  })
})
