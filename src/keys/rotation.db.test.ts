import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { JOBS } from '../all-jobs.ts'
import { keysWithSilentSecret } from '../secrets/secret.store.ts'

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

  const changeRotation = (id: string, body: object) => app.call('PATCH', `/v1/keys/${id}/rotation`, body)
  const inSeconds = (seconds: number) => new Date(app.clock.now().getTime() + seconds * 1000).toISOString()
  const DAY = 86_400

  it('KEY-11: an overlap is extended or shortened while it runs, and verifiers apply the new end', async () => {
    const key = await app.keyFor('org_1')
    const { body } = await rotate(key.id, { overlap_seconds: 60 })
    assert.equal(await verdict(key.secret), 'valid')
    const extended = await changeRotation(key.id, { overlap_seconds: 600 })
    assert.equal(extended.body.rotation.ends_at, inSeconds(600))
    app.clock.advance({ seconds: 599 })
    assert.equal(await verdict(key.secret), 'valid')
    assert.equal((await changeRotation(key.id, { overlap_seconds: 5 })).body.rotation.ends_at, inSeconds(5))
    app.clock.advance({ seconds: 5 })
    assert.deepEqual([await verdict(key.secret), await verdict(body.secret)], ['rotated', 'valid'])
    assert.equal((await changeRotation(key.id, { overlap_seconds: 60 })).body.code, 'no_rotation')
    const { body: log } = await app.call(
      'GET',
      `/v1/audit-events?target_id=${key.id}&action=key.rotation_changed`,
    )
    assert.equal(log.data.length, 2)
  })

  it('KEY-09 KEY-11: an extended overlap outlives neither secret, nor the policy, nor 90 days from its start', async () => {
    const brief = await app.keyFor('org_1', { lifetime_seconds: 1000 })
    await rotate(brief.id, { overlap_seconds: 60, lifetime_seconds: 500 })
    const ofNew = await changeRotation(brief.id, { overlap_seconds: DAY })
    assert.equal(ofNew.body.rotation.ends_at, inSeconds(500), 'the new secret')
    const other = await app.keyFor('org_1', { lifetime_seconds: 1000 })
    await rotate(other.id, { overlap_seconds: 60, expires_at: null })
    const ofOld = await changeRotation(other.id, { overlap_seconds: DAY })
    assert.equal(ofOld.body.rotation.ends_at, inSeconds(1000), 'the old secret')

    const policed = await app.keyFor('org_2')
    await rotate(policed.id, { overlap_seconds: 60 })
    await app.call('PATCH', '/v1/owners/org_2', { max_lifetime_seconds: 2 * DAY, apply_at_once: true })
    const ofPolicy = await changeRotation(policed.id, { overlap_seconds: 30 * DAY })
    assert.equal(ofPolicy.body.rotation.ends_at, inSeconds(2 * DAY), 'the policy')

    const endless = await app.keyFor('org_3')
    const start = inSeconds(90 * DAY)
    await rotate(endless.id, { overlap_seconds: 80 * DAY })
    app.clock.advance({ days: 20 })
    const longest = await changeRotation(endless.id, { overlap_seconds: 80 * DAY })
    assert.equal(longest.body.rotation.ends_at, start, '90 days')
  })

  it('refuses to change a rotation that does not run, or is of a revoked key', async () => {
    const key = await app.keyFor('org_1')
    assert.equal((await changeRotation(key.id, { overlap_seconds: 60 })).body.code, 'no_rotation')
    await rotate(key.id)
    for (const body of [{ overlap_seconds: 0 }, { finish_when_silent_seconds: 3599 }])
      assert.equal((await changeRotation(key.id, body)).body.code, 'invalid_request')
    await app.call('POST', `/v1/keys/${key.id}/revoke`)
    assert.equal((await changeRotation(key.id, { overlap_seconds: 60 })).body.code, 'key_revoked')
    assert.equal((await changeRotation('key_nobody', {})).status, 404)
  })

  const HOUR = 3600
  const tidy = async () => {
    for (const { name, run } of JOBS)
      if (name === 'finish_silent_rotations') await run(app.db, app.clock.now())
  }

  it('KEY-11: finishes by itself once the old secret was silent for so long, and the new one is in use', async () => {
    const key = await app.keyFor('org_1')
    const { body } = await rotate(key.id, { overlap_seconds: 30 * DAY })
    const { old_secret_id, new_secret_id } = body.rotation
    const set = await changeRotation(key.id, { finish_when_silent_seconds: 2 * HOUR })
    assert.equal(set.body.rotation.finish_when_silent_seconds, 2 * HOUR)
    const isRunning = async () => (await read(key.id)).rotation !== null

    app.clock.advance({ hours: 3 })
    await tidy()
    assert.ok(await isRunning(), 'the new secret was never used')
    await used([use(old_secret_id), use(new_secret_id)])
    app.clock.advance({ hours: 1 })
    await used([use(old_secret_id)])
    app.clock.advance({ hours: 3 })
    await tidy()
    assert.ok(await isRunning(), 'no use of the new one since the last of the old one')
    await used([use(new_secret_id), use(old_secret_id)])
    app.clock.advance({ seconds: 1 })
    await used([use(new_secret_id)])
    app.clock.advance({ hours: 2, seconds: -2 })
    await tidy()
    assert.ok(await isRunning(), 'a second too early')
    assert.equal(await verdict(key.secret), 'valid')
    app.clock.advance({ seconds: 1 })
    await Promise.all([tidy(), tidy()])
    assert.equal(await isRunning(), false)
    assert.deepEqual([await verdict(key.secret), await verdict(body.secret)], ['rotated', 'valid'])

    const { body: log } = await app.call(
      'GET',
      `/v1/audit-events?target_id=${key.id}&action=key.rotation_finished`,
    )
    assert.deepEqual(
      log.data.map(({ actor, detail }: { actor: object; detail: { because: string } }) => [
        actor,
        detail.because,
      ]),
      [[{ kind: 'system', id: null }, 'old_secret_silent']],
    )
  })

  it('STO-11: rotations of revoked keys are no candidates, however many there are', async () => {
    const silent = async () => {
      const key = await app.keyFor('org_1')
      const { body } = await rotate(key.id, { overlap_seconds: 30 * DAY })
      await changeRotation(key.id, { finish_when_silent_seconds: HOUR })
      return { id: key.id, next: body.rotation.new_secret_id }
    }
    const [kept, revoked] = [await silent(), await silent()]
    app.clock.advance({ hours: 2 })
    await used([use(kept.next), use(revoked.next)])
    await app.call('POST', `/v1/keys/${revoked.id}/revoke`)
    assert.deepEqual(await keysWithSilentSecret(app.db, app.clock.now(), 10), [kept.id])
  })

  it('KEY-11: does not finish by itself where that was not asked, taken back, or undone', async () => {
    const silent = async (finish: number | null) => {
      const key = await app.keyFor('org_1')
      const { body } = await rotate(key.id, { overlap_seconds: 30 * DAY })
      await changeRotation(key.id, { finish_when_silent_seconds: HOUR })
      await changeRotation(key.id, { overlap_seconds: 20 * DAY })
      if (finish === null) await changeRotation(key.id, { finish_when_silent_seconds: null })
      return { ...key, next: body.rotation.new_secret_id }
    }
    const [asked, takenBack, undone] = [await silent(HOUR), await silent(null), await silent(HOUR)]
    await app.call('POST', `/v1/keys/${undone.id}/rotation/undo`)
    const again = await rotate(undone.id, { overlap_seconds: 30 * DAY })
    assert.equal(again.body.rotation.finish_when_silent_seconds, null)
    app.clock.advance({ hours: 2 })
    await used([asked.next, takenBack.next, again.body.rotation.new_secret_id].map(use))
    await tidy()
    assert.equal((await read(asked.id)).rotation, null)
    for (const { id } of [takenBack, undone]) assert.notEqual((await read(id)).rotation, null)
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
