import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'

describe('rotation', () => {
  let app: TestApp
  beforeEach(async () => {
    app = await openTestApp()
  })
  afterEach(() => app.close())

  const verdict = async (credential: string, more: object = {}) => {
    const { body } = await app.call('POST', '/v1/verify', { credential, ...more })
    return body.valid ? 'valid' : body.refusal.reason
  }
  const rotate = (id: string, body: object = {}) => app.call('POST', `/v1/keys/${id}/rotate`, body)
  const read = async (id: string) => (await app.call('GET', `/v1/keys/${id}`)).body
  const used = (items: object[]) =>
    app.call('POST', '/v1/usage-batches', {
      id: `batch_${Math.abs(app.clock.now().getTime())}`,
      items,
      exposed: [],
    })
  const use = (credential_id: string) => ({
    credential_id,
    outcome: 'accepted',
    scope: 'orders:read',
    minute: app.clock.now().toISOString(),
    count: 1,
    calls: 1,
    last_at: app.clock.now().toISOString(),
    last_ip: '198.51.100.7',
    last_user_agent: 'old-cron/1.0',
  })

  it('KEY-11: both secrets work during the overlap, only the new one after it; the key stays the same', async () => {
    const key = await app.keyFor('org_1', { name: 'billing' })
    const rotated = await rotate(key.id, { overlap_seconds: 60 })
    assert.equal(rotated.status, 200)
    assert.equal(rotated.body.id, key.id)
    assert.notEqual(rotated.body.secret, key.secret)
    assert.equal(rotated.headers['cache-control'], 'no-store')

    for (const secret of [key.secret, rotated.body.secret]) {
      const { body } = await app.call('POST', '/v1/verify', { credential: secret, scopes: ['orders:read'] })
      assert.equal(body.valid, true)
      assert.equal(body.principal.key_id, key.id)
    }
    app.clock.advance({ seconds: 60 })
    assert.equal(await verdict(key.secret), 'rotated')
    assert.equal(await verdict(rotated.body.secret), 'valid')
    const after = await read(key.id)
    assert.deepEqual([after.name, after.scopes, after.rotation], ['billing', ['orders:read'], null])
    assert.equal(after.secrets.length, 2)
  })

  it('KEY-11: the overlap never outlives the old secret', async () => {
    const key = await app.keyFor('org_1', { lifetime_seconds: 100 })
    const rotated = await rotate(key.id, { overlap_seconds: 3600 })
    const end = new Date(app.clock.now().getTime() + 100_000).toISOString()
    assert.equal(rotated.body.rotation.ends_at, end)
    app.clock.advance({ seconds: 100 })
    assert.notEqual(await verdict(key.secret), 'valid')
    assert.equal(
      await verdict(rotated.body.secret),
      'expired',
      'its own lifetime is as long again, from its own start',
    )
  })

  it('KEY-11: the successor gets a lifetime of its own, as long as the old one had', async () => {
    const key = await app.keyFor('org_1', { lifetime_seconds: 1000 })
    app.clock.advance({ seconds: 900 })
    const rotated = await rotate(key.id)
    assert.equal(rotated.body.expires_at, new Date(app.clock.now().getTime() + 1_000_000).toISOString())
    app.clock.advance({ seconds: 101 })
    assert.equal(await verdict(rotated.body.secret), 'valid')
  })

  it('KEY-11: an expired or disabled key cannot be rotated, and a rotation does not revive it', async () => {
    const expired = await app.keyFor('org_1', { lifetime_seconds: 10 })
    app.clock.advance({ seconds: 10 })
    assert.equal((await rotate(expired.id)).body.code, 'key_expired')
    assert.equal(await verdict(expired.secret), 'expired')
    const disabled = await app.keyFor('org_1')
    await app.call('POST', `/v1/keys/${disabled.id}/disable`)
    assert.equal((await rotate(disabled.id)).body.code, 'key_disabled')
  })

  it('KEY-11: at most two secrets live at once', async () => {
    const key = await app.keyFor('org_1')
    await rotate(key.id)
    assert.deepEqual(
      [(await rotate(key.id)).status, (await rotate(key.id)).body.code],
      [409, 'rotation_running'],
    )
    await app.call('POST', `/v1/keys/${key.id}/rotation/finish`)
    assert.equal((await rotate(key.id)).status, 200)
  })

  it('KEY-13: an overlap of 0 ends the old secret at once', async () => {
    const key = await app.keyFor('org_1')
    assert.equal(await verdict(key.secret), 'valid')
    const { body } = await rotate(key.id, { overlap_seconds: 0 })
    assert.equal(await verdict(key.secret), 'rotated')
    assert.equal(await verdict(body.secret), 'valid')
  })

  it('KEY-11: finishing ends the old secret now', async () => {
    const key = await app.keyFor('org_1')
    const { body } = await rotate(key.id)
    const finished = await app.call('POST', `/v1/keys/${key.id}/rotation/finish`)
    assert.equal(finished.body.rotation, null)
    assert.equal(await verdict(key.secret), 'rotated')
    assert.equal(await verdict(body.secret), 'valid')
    const again = await app.call('POST', `/v1/keys/${key.id}/rotation/finish`)
    assert.equal(again.body.code, 'no_rotation')
  })

  it('KEY-11: undoing a rotation revokes the unused new secret, and the old one works as before', async () => {
    const key = await app.keyFor('org_1')
    const { body } = await rotate(key.id, { overlap_seconds: 60 })
    const undone = await app.call('POST', `/v1/keys/${key.id}/rotation/undo`)
    assert.equal(undone.body.rotation, null)
    assert.equal(undone.body.hint, `${key.secret.slice(0, 12)}…`)
    app.clock.advance({ seconds: 61 })
    assert.equal(await verdict(key.secret), 'valid')
    assert.equal(await verdict(body.secret), 'revoked')
  })

  it('KEY-11: a rotation whose new secret is in use cannot be undone', async () => {
    const key = await app.keyFor('org_1')
    const { body } = await rotate(key.id)
    await used([use(body.rotation.new_secret_id)])
    const undone = await app.call('POST', `/v1/keys/${key.id}/rotation/undo`)
    assert.deepEqual([undone.status, undone.body.code], [409, 'rotation_in_use'])
    assert.equal(await verdict(body.secret), 'valid')
  })

  it('KEY-11: a rotation shows the last use of the old secret, and when it is safe to finish', async () => {
    const key = await app.keyFor('org_1')
    const { body } = await rotate(key.id)
    const { old_secret_id, new_secret_id } = body.rotation
    assert.equal(body.rotation.safe_to_finish, false)

    await used([use(old_secret_id), use(new_secret_id)])
    const busy = await read(key.id)
    const old = busy.secrets.find((secret: { id: string }) => secret.id === old_secret_id)
    assert.deepEqual(
      [old.last_used_at, old.last_used_ip, old.last_used_user_agent],
      [app.clock.now().toISOString(), '198.51.100.7', 'old-cron/1.0'],
    )
    assert.equal(busy.rotation.safe_to_finish, false)
    assert.match(busy.rotation.advice, /198\.51\.100\.7/)

    app.clock.advance({ hours: 2 })
    await used([use(new_secret_id)])
    assert.equal((await read(key.id)).rotation.safe_to_finish, true)
  })

  it('KEY-11: a key keeps the history of its rotations, with exactly one current secret', async () => {
    const key = await app.keyFor('org_1')
    for (let round = 0; round < 4; round++) await rotate(key.id, { overlap_seconds: 0 })
    const after = await read(key.id)
    assert.equal(after.secrets.length, 5)
    assert.equal(after.secrets.filter((secret: { state: string }) => secret.state === 'live').length, 1)
    const { body } = await app.call('GET', `/v1/audit-events?target_id=${key.id}&action=key.rotated`)
    assert.equal(body.data.length, 4)
  })

  it('MGT-15: a rotation that is repeated under one Idempotency-Key has one effect and one answer', async () => {
    const key = await app.keyFor('org_1')
    const headers = { 'idempotency-key': 'rotate-1' }
    const first = await app.call('POST', `/v1/keys/${key.id}/rotate`, { overlap_seconds: 60 }, { headers })
    const second = await app.call('POST', `/v1/keys/${key.id}/rotate`, { overlap_seconds: 60 }, { headers })
    assert.deepEqual(second.body, first.body)
    assert.equal((await read(key.id)).secrets.length, 2)
  })
})
