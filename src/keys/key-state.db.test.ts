import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { DEFAULT_SETTINGS, openTestApp, type TestApp } from '../../test/app.ts'
import { buildApp } from '../app.ts'
import { addSeconds } from '../base/clock.ts'
import { openLog } from '../http/log.ts'
import { countUnendedKeys, findKey } from './key.store.ts'
import { KEY_STATES, type KeyState, stateOf } from './key.ts'
import { countKeys } from './key-counts.store.ts'
import { listKeys } from './key-list.store.ts'

const DAY = 86_400

describe('the state of a key and its secrets', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
  })
  after(() => app.close())

  const ok = async (method: string, url: string, body?: object) => {
    const answer = await app.call(method, url, body)
    assert.ok(answer.status < 300, answer.text)
    return answer.body
  }
  const read = (id: string) => ok('GET', `/v1/keys/${id}`)
  const works = async (secret: string): Promise<boolean> =>
    (await ok('POST', '/v1/verify', { credential: secret })).valid
  const inSeconds = (seconds: number) => addSeconds(app.clock.now(), seconds).toISOString()

  it('KEY-08: the expiry of a key ends both secrets of its rotation', async () => {
    const key = await app.keyFor('org_end')
    const { secret } = await ok('POST', `/v1/keys/${key.id}/rotate`, { overlap_seconds: 90 * DAY })
    const changed = await ok('PATCH', `/v1/keys/${key.id}`, { expires_at: inSeconds(DAY) })
    assert.equal(changed.rotation.ends_at, inSeconds(DAY))
    app.clock.advance({ days: 1 })
    assert.equal((await read(key.id)).state, 'expired')
    assert.deepEqual([await works(key.secret), await works(secret)], [false, false])
  })

  it('KEY-08: the expiry of a key holds after its rotation is undone', async () => {
    const key = await app.keyFor('org_end')
    await ok('POST', `/v1/keys/${key.id}/rotate`)
    await ok('PATCH', `/v1/keys/${key.id}`, { expires_at: inSeconds(DAY) })
    const undone = await ok('POST', `/v1/keys/${key.id}/rotation/undo`)
    assert.equal(undone.expires_at, inSeconds(DAY))
    app.clock.advance({ days: 1 })
    assert.equal(await works(key.secret), false)
  })

  it('KEY-08: a later expiry extends the new secret alone', async () => {
    const key = await app.keyFor('org_end', { lifetime_seconds: DAY })
    const { secret } = await ok('POST', `/v1/keys/${key.id}/rotate`, { overlap_seconds: 90 * DAY })
    await ok('PATCH', `/v1/keys/${key.id}`, { expires_at: null })
    app.clock.advance({ days: 1 })
    assert.deepEqual([await works(key.secret), await works(secret)], [false, true])
  })

  it('KEY-17: short-lived successors do not lead to more keys than allowed', async () => {
    await app.keyFor('org_many')
    await ok('PATCH', '/v1/owners/org_many', { max_keys: 2 })
    const secrets: string[] = []
    for (let round = 0; round < 3; round++) {
      const key = await app.keyFor('org_many')
      secrets.push(key.secret)
      await ok('POST', `/v1/keys/${key.id}/rotate`, { lifetime_seconds: 1, overlap_seconds: 90 * DAY })
      app.clock.advance({ seconds: 1 })
      assert.equal((await read(key.id)).state, 'expired')
    }
    assert.deepEqual(await Promise.all(secrets.map(works)), [false, false, false])
  })

  it('KEY-09: a policy stricter than the old secret’s bounds the overlap', async () => {
    const key = await app.keyFor('org_strict')
    const client = await app.clientFor('org_strict')
    app.clock.advance({ seconds: DAY / 2 })
    const policy = { ...DEFAULT_SETTINGS.policy, maxLifetimeSeconds: DAY }
    const strict = await buildApp({
      ...{ database: app.database, clock: app.clock, log: openLog('silent') },
      settings: { ...DEFAULT_SETTINGS, policy },
      passwordLogN: 10,
    })
    try {
      const asked = { overlap_seconds: 90 * DAY }
      const of = (url: string) => app.call('POST', url, asked, { node: strict })
      const within = [
        await of(`/v1/keys/${key.id}/rotate`),
        await of(`/v1/clients/${client.client_id}/rotate`),
      ]
      for (const { body } of within) assert.equal(body.rotation.ends_at, inSeconds(DAY / 2))
      const late = await app.keyFor('org_strict')
      app.clock.advance({ days: 1 })
      const { body } = await of(`/v1/keys/${late.id}/rotate`)
      assert.equal(body.rotation, null, 'what the policy has ended already has no overlap')
      assert.deepEqual([await works(late.secret), await works(body.secret)], [false, true])
    } finally {
      await strict.close()
    }
  })

  it('KEY-11: an overlap from before this rule, past the new expiry, is shown, counted and can be finished', async () => {
    const key = await app.keyFor('org_before')
    const { secret } = await ok('POST', `/v1/keys/${key.id}/rotate`, { lifetime_seconds: 60 })
    const outliving = { retires_at: addSeconds(app.clock.now(), 90 * DAY) }
    await app.db
      .updateTable('secrets')
      .set(outliving)
      .where('holder_id', '=', key.id)
      .where('retires_at', 'is not', null)
      .execute()
    app.clock.advance({ seconds: 60 })
    assert.deepEqual([await works(key.secret), await works(secret)], [true, false])
    assert.equal((await read(key.id)).state, 'active')
    assert.equal(await countUnendedKeys(app.db, 'org_before', app.clock.now()), 1)
    const finished = await ok('POST', `/v1/keys/${key.id}/rotation/finish`)
    assert.equal(finished.state, 'expired')
    assert.equal(await works(key.secret), false)
  })

  it('KEY-08, KEY-17, KEY-19: no secret of an ended key ever works, and lists, count and verdict agree', async () => {
    const seconds = fc.constantFrom(1, 60, 3600, DAY, 30 * DAY, 90 * DAY)
    const which = fc.nat({ max: 2 })
    const step = fc.oneof(
      fc.record({ do: fc.constant('create' as const), life: fc.option(seconds) }),
      fc.record({ do: fc.constant('rotate' as const), which, life: fc.option(seconds), overlap: seconds }),
      fc.record({ do: fc.constant('expire' as const), which, life: fc.option(seconds) }),
      fc.record({
        do: fc.constantFrom('rotation/finish' as const, 'rotation/undo' as const, 'revoke' as const),
        which,
      }),
      fc.record({ do: fc.constant('tighten' as const), life: fc.option(seconds) }),
      fc.record({ do: fc.constant('wait' as const), seconds }),
    )
    let run = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12 }), async (steps) => {
        const ownerId = `org_walk_${++run}`
        const keys: { id: string; secrets: string[] }[] = []
        const create = async (life: number | null) => {
          const asked = { owner_id: ownerId, name: 'k', environment: 'live', scopes: [] }
          const more = life === null ? {} : { lifetime_seconds: life }
          const { status, body } = await app.call('POST', '/v1/keys', { ...asked, ...more })
          if (status === 201) keys.push({ id: body.id, secrets: [body.secret] })
        }
        await create(null)
        await ok('PATCH', `/v1/owners/${ownerId}`, { max_keys: 3 })
        for (const each of steps) {
          if (each.do === 'create') await create(each.life)
          else if (each.do === 'wait') app.clock.advance({ seconds: each.seconds })
          else if (each.do === 'tighten')
            await ok('PATCH', `/v1/owners/${ownerId}`, {
              max_lifetime_seconds: each.life === null ? null : Math.max(60, each.life),
              apply_at_once: true,
            })
          else {
            const key = keys[each.which % keys.length]
            if (key === undefined) continue
            if (each.do === 'expire')
              await app.call('PATCH', `/v1/keys/${key.id}`, {
                expires_at: each.life === null ? null : inSeconds(each.life),
              })
            else {
              const body =
                each.do !== 'rotate'
                  ? each.do === 'revoke'
                    ? {}
                    : undefined
                  : {
                      overlap_seconds: each.overlap,
                      ...(each.life === null ? {} : { lifetime_seconds: each.life }),
                    }
              const answer = await app.call('POST', `/v1/keys/${key.id}/${each.do}`, body)
              if (each.do === 'rotate' && answer.status === 200) key.secrets.push(answer.body.secret)
            }
          }
          await agree(ownerId, keys)
        }
      }),
      { numRuns: 25 },
    )
  })

  /** Every view of an owner's keys must agree. */
  async function agree(ownerId: string, keys: readonly { id: string; secrets: string[] }[]) {
    const owner = await ok('GET', `/v1/owners/${ownerId}`)
    let unended = 0
    for (const { id, secrets } of keys) {
      const key = await read(id)
      const live = (await Promise.all(secrets.map(works))).filter((each) => each).length
      assert.equal(live > 0, key.state === 'active', `${key.state}, and ${live} secrets work`)
      assert.equal(live === 2, key.rotation !== null)
      if (live > 0) unended++
      if (key.rotation !== null) {
        const old = key.secrets.find((each: { id: string }) => each.id === key.rotation.old_secret_id)
        const next = key.secrets.find((each: { id: string }) => each.id === key.rotation.new_secret_id)
        const { max_lifetime_seconds: longest } = owner
        const bounds = [old.expires_at, next.expires_at].filter((each) => each !== null)
        if (longest !== null) bounds.push(addSeconds(new Date(old.created_at), longest).toISOString())
        for (const bound of bounds)
          assert.ok(key.rotation.ends_at <= bound, `${key.rotation.ends_at}, past ${bound}`)
      }
      const { data } = await ok('GET', `/v1/keys?owner_id=${ownerId}&state=${key.state}`)
      assert.ok(data.some((each: { id: string }) => each.id === id))
    }
    assert.equal(await countUnendedKeys(app.db, ownerId, app.clock.now()), unended)
    assert.ok(unended <= 3)
  }

  it('KEY-19: the filter by state agrees with the shown state, for all timestamps', async () => {
    const { db, clock } = app
    const now = clock.now()
    const moments = [null, addSeconds(now, -60), now, addSeconds(now, 60)]
    const deeds = [null, addSeconds(now, -60)]
    const olds = [
      null,
      ...moments
        .slice(1)
        .flatMap((retires_at) =>
          deeds.flatMap((retired_at) =>
            moments.map((expires_at) => ({ retires_at, retired_at, expires_at })),
          ),
        ),
    ]
    const created_at = addSeconds(now, -120)
    const keys: {
      id: string
      owner_id: string
      revoked_at: Date | null
      disabled_at: Date | null
      disable_unrotated_at?: Date | null
      disable_unlisted_at?: Date | null
    }[] = []
    const secrets: object[] = []
    for (const [n, suspended_at] of deeds.entries()) {
      const owner_id = `org_moments_${n}`
      await db.insertInto('owners').values({ id: owner_id, created_at, suspended_at }).execute()
      for (const revoked_at of deeds)
        for (const disabled_at of deeds)
          for (const expires_at of moments)
            for (const old of olds) {
              const id = `key_moments${keys.length}`
              keys.push({ id, owner_id, revoked_at, disabled_at })
              const rows = old === null ? [{ expires_at }] : [{ expires_at }, old]
              for (const [at, row] of rows.entries())
                secrets.push({
                  ...{ hash: randomBytes(32), id: `sec_${keys.length}_${at}`, holder_id: id, hint: 'sk_…' },
                  ...{ created_at: addSeconds(created_at, -at), retires_at: null, retired_at: null, ...row },
                })
            }
      for (const disable_unrotated_at of moments)
        for (const disable_unlisted_at of moments)
          for (const expires_at of [null, now]) {
            const id = `key_moments${keys.length}`
            const dates = { disable_unrotated_at, disable_unlisted_at }
            keys.push({ id, owner_id, revoked_at: null, disabled_at: null, ...dates })
            secrets.push({
              ...{
                hash: randomBytes(32),
                id: `sec_${keys.length}_0`,
                holder_id: id,
                hint: 'sk_…',
                expires_at,
              },
              ...{ created_at, retires_at: null, retired_at: null },
            })
          }
    }
    const same = {
      name: 'k',
      environment: 'live',
      scopes: [],
      metadata: '{}',
      created_by: 'adm_1',
      created_at,
    }
    for (let at = 0; at < keys.length; at += 500)
      await db
        .insertInto('keys')
        .values(keys.slice(at, at + 500).map((key) => ({ ...same, ...key })))
        .execute()
    for (let at = 0; at < secrets.length; at += 500)
      await db
        .insertInto('secrets')
        .values(secrets.slice(at, at + 500) as never)
        .execute()

    const shown = new Map<KeyState, string[]>(KEY_STATES.map((state) => [state, []]))
    for (const { id } of keys) {
      const key = await findKey(db, 'every_owner', id)
      assert.ok(key)
      shown.get(stateOf(key, now))?.push(id)
    }
    for (const state of KEY_STATES) {
      const listed: string[] = []
      for (const ownerId of ['org_moments_0', 'org_moments_1', undefined]) {
        const filter = { states: [state], ownerId }
        const found = await listKeys(db, 'every_owner', filter, { after: null, limit: 5000, now })
        assert.ok(typeof found === 'object')
        const ids = found.keys.map((key) => key.id).filter((id) => id.startsWith('key_moments'))
        if (ownerId !== undefined) listed.push(...ids)
        else assert.deepEqual(ids.sort(), listed.sort())
      }
      assert.ok(listed.length > 0, state)
      assert.deepEqual(listed.sort(), shown.get(state)?.sort(), state)
    }
    for (const ownerId of ['org_moments_0', 'org_moments_1'] as const) {
      const counts = await countKeys(db, 'every_owner', { ownerId }, now)
      assert.ok(typeof counts === 'object')
      const ofOwner = new Set(keys.filter(({ owner_id }) => owner_id === ownerId).map(({ id }) => id))
      for (const state of KEY_STATES)
        assert.equal(counts[state].count, shown.get(state)?.filter((id) => ofOwner.has(id)).length, state)
      const unended = keys.filter(
        ({ id, owner_id }) =>
          owner_id === ownerId && !shown.get('revoked')?.includes(id) && !shown.get('expired')?.includes(id),
      )
      assert.equal(await countUnendedKeys(db, ownerId, now), unended.length)
    }
  })
})
