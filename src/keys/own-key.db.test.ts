import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { type CallOptions, openTestApp, type TestApp } from '../../test/app.ts'
import { ENGINE } from '../../test/database.ts'
import { holdRequest } from '../../test/held-request.ts'
import { waitForLocks } from '../../test/lock-waits.ts'

const DAY = 24 * 3600

describe('a key that acts for itself', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp({
      policy: { environments: ['live', 'test'], maxLifetimeSeconds: null, maxKeysPerOwner: 1000 },
    })
    await app.app.listen({ port: 0, host: '127.0.0.1' })
  })
  after(() => app.close())

  let owners = 0
  const newKey = async (more: Record<string, unknown> = {}) => {
    const ownerId = `org_${owners++}`
    return { ownerId, ...(await app.keyFor(ownerId, { self_rotation: true, ...more })) }
  }
  const self = (as: string) => app.call('GET', '/v1/self', undefined, { as })
  const rotate = (as: string, body: object = {}, more: CallOptions = {}) =>
    app.call('POST', '/v1/self/rotate', body, { as, ...more })
  const finish = (as: string) => app.call('POST', '/v1/self/rotation/finish', {}, { as })
  const verified = async (credential: string) =>
    (await app.call('POST', '/v1/verify', { credential })).body.valid as boolean
  const events = async (id: string, action: string) => {
    const { body } = await app.call('GET', `/v1/audit-events?target_id=${id}&action=${action}`)
    return body.data as { actor: object; result: string }[]
  }
  const inDays = (days: number) => new Date(app.clock.now().getTime() + days * DAY * 1000).toISOString()

  it('KEY-19: reads what it is: owner, scopes, environment, expiry and what is spent of its quota', async () => {
    const expiresAt = inDays(30)
    const quota = { limit: 10, period: 'day' }
    const { id, ownerId, secret } = await newKey({ expires_at: expiresAt, quota, self_rotation: false })
    const { status, body, headers } = await self(secret)
    assert.equal(status, 200)
    assert.equal(headers['cache-control'], 'no-store')
    assert.deepEqual(
      [body.id, body.owner_id, body.environment, body.scopes, body.expires_at, body.self_rotation],
      [id, ownerId, 'live', ['orders:read'], expiresAt, false],
    )
    assert.deepEqual(body.quotas[0].limit, 10)
    assert.deepEqual(body.quotas[0].spent, 0)
    assert.equal(body.rotation, null)
    assert.ok(!JSON.stringify(body).includes(secret))
  })

  it('KEY-11 AUD-02: rotates itself, is the actor of the event, and both secrets work in the overlap', async () => {
    const { id, secret } = await newKey()
    const { status, body, headers } = await rotate(secret)
    assert.equal(status, 200)
    assert.equal(headers['cache-control'], 'no-store')
    assert.deepEqual([body.id, body.rotation.presented], [id, 'old'])
    assert.deepEqual((await self(body.secret)).body.rotation.presented, 'new')
    assert.deepEqual([await verified(secret), await verified(body.secret)], [true, true])
    const [event] = await events(id, 'key.rotated')
    assert.deepEqual(event?.actor, { kind: 'api_key', id })
    app.clock.advance({ seconds: DAY })
    assert.deepEqual([await verified(secret), await verified(body.secret)], [false, true])
    assert.equal((await self(secret)).status, 401)
  })

  it('KEY-11: finishes with the new secret, once the old one is quiet', async () => {
    const { id, secret } = await newKey()
    const { body } = await rotate(secret)
    const done = await finish(body.secret)
    assert.deepEqual([done.status, done.body.rotation], [200, null])
    assert.equal((await self(secret)).status, 401)
    assert.deepEqual((await events(id, 'key.rotation_finished'))[0]?.actor, { kind: 'api_key', id })
    assert.deepEqual((await finish(body.secret)).body.code, 'no_rotation')
  })

  it('KEY-11: a lost answer is given again under the same Idempotency-Key, to the same secret only', async () => {
    const { id, secret } = await newKey()
    const named = { headers: { 'idempotency-key': 'once' } }
    const first = await rotate(secret, {}, named)
    assert.deepEqual((await rotate(secret, {}, named)).body, first.body)
    assert.equal((await rotate(first.body.secret, {}, named)).body.code, 'replay_unavailable')
    assert.equal((await events(id, 'key.rotated')).length, 1)
  })

  type Attack = (key: {
    id: string
    ownerId: string
    secret: string
  }) => Promise<[status: number, code: string]>
  const answerOf = ({ status, body }: { status: number; body: { code: string } }): [number, string] => [
    status,
    body.code,
  ]
  const after_ = async (path: string, body: object, key: { secret: string }) => {
    const { status, text } = await app.call('POST', path, body)
    assert.ok(status < 300, text)
    return answerOf(await rotate(key.secret))
  }
  const attacks: Record<string, [Attack, [status: number, code: string], more?: Record<string, unknown>]> = {
    'MGT-03: a key that was not allowed to': [
      async ({ secret }) => answerOf(await rotate(secret)),
      [403, 'insufficient_permission'],
      { self_rotation: false },
    ],
    'MGT-03: a key that was forbidden to meanwhile': [
      async ({ id, secret }) => {
        await app.call('PATCH', `/v1/keys/${id}`, { self_rotation: false })
        return answerOf(await rotate(secret))
      },
      [403, 'insufficient_permission'],
    ],
    'KEY-10: a revoked key': [(key) => after_(`/v1/keys/${key.id}/revoke`, {}, key), [401, 'invalid_token']],
    'KEY-14: a disabled key': [
      (key) => after_(`/v1/keys/${key.id}/disable`, {}, key),
      [401, 'invalid_token'],
    ],
    'KEY-15: a key of a suspended owner': [
      (key) => after_(`/v1/owners/${key.ownerId}/suspend`, { reason: 'abuse' }, key),
      [401, 'invalid_token'],
    ],
    'KEY-08: an expired key': [
      async ({ secret }) => {
        app.clock.advance({ seconds: 60 })
        return answerOf(await rotate(secret))
      },
      [401, 'invalid_token'],
      { lifetime_seconds: 60 },
    ],
    'VER-19: a key from an address that is not on its allow-list': [
      async ({ secret }) => answerOf(await self(secret)),
      [401, 'invalid_token'],
      { ip_allowlist: ['203.0.113.9'] },
    ],
    'VER-19: an admin key, which is another kind': [
      async () => answerOf(await self(app.adminKey)),
      [401, 'invalid_token'],
    ],
    'KEY-11: a secret that is being replaced, which would keep a leak alive': [
      async ({ secret }) => {
        await rotate(secret)
        return answerOf(await rotate(secret))
      },
      [409, 'rotation_running'],
    ],
    'KEY-11: a secret that was replaced by an operator': [
      async ({ id, secret }) => {
        await app.call('POST', `/v1/keys/${id}/rotate`, { overlap_seconds: 60 })
        return answerOf(await rotate(secret))
      },
      [409, 'rotation_running'],
    ],
    'KEY-11: a secret that is being replaced, which cannot end the overlap': [
      async ({ secret }) => {
        await rotate(secret)
        return answerOf(await finish(secret))
      },
      [409, 'retiring_secret'],
    ],
    'KEY-13: a thief that would end the secret which its rightful user still uses': [
      async ({ secret }) => {
        await app.call('POST', '/v1/verify', { credential: secret, client_ip: '198.51.100.7' })
        await app.db.updateTable('secrets').set({ last_used_at: app.clock.now() }).execute()
        const { body } = await rotate(secret)
        return answerOf(await finish(body.secret))
      },
      [409, 'old_secret_in_use'],
    ],
    'KEY-13: an overlap too short for its rightful user to notice': [
      async ({ secret }) => answerOf(await rotate(secret, { overlap_seconds: 0 })),
      [400, 'invalid_request'],
    ],
    'KEY-11: an overlap of months': [
      async ({ secret }) => answerOf(await rotate(secret, { overlap_seconds: 90 * DAY })),
      [400, 'invalid_request'],
    ],
    'MGT-04: a lifetime of its own choice': [
      async ({ secret }) => answerOf(await rotate(secret, { lifetime_seconds: 10 * DAY })),
      [400, 'unknown_field'],
    ],
    'MGT-06: scopes of its own choice': [
      async ({ secret }) => answerOf(await rotate(secret, { scopes: ['orders:write'] })),
      [400, 'unknown_field'],
    ],
    'MGT-05: another key, by its id': [
      async ({ secret }) => answerOf(await rotate(secret, { id: (await newKey()).id })),
      [400, 'unknown_field'],
    ],
    'MGT-01: the management API, with the permission over itself': [
      async ({ id, secret }) => answerOf(await app.call('GET', `/v1/keys/${id}`, undefined, { as: secret })),
      [401, 'invalid_token'],
    ],
  }
  for (const [what, [attack, expected, more]] of Object.entries(attacks))
    it(`${what} is refused, and nothing changes`, async () => {
      const key = await newKey(more)
      const before = (await app.call('GET', `/v1/keys/${key.id}`)).body
      assert.deepEqual(await attack(key), expected)
      const { body } = await app.call('GET', `/v1/keys/${key.id}`)
      assert.deepEqual([body.scopes, body.expires_at], [before.scopes, before.expires_at])
    })

  it('KEY-17: gets at most six secrets a day, and then has to wait', async () => {
    let { secret } = await newKey()
    for (let n = 1; n < 6; n++) {
      const { body } = await rotate(secret)
      secret = body.secret
      assert.equal((await finish(secret)).status, 200)
    }
    const { status, body, headers } = await rotate(secret)
    assert.deepEqual([status, body.code, headers['retry-after']], [429, 'too_many_requests', String(DAY)])
    app.clock.advance({ seconds: DAY })
    assert.equal((await rotate(secret)).status, 200)
  })

  it('MGT-12: asks at most thirty times a minute', async () => {
    const { secret } = await newKey()
    const other = await newKey()
    for (let n = 0; n < 30; n++) assert.equal((await self(secret)).status, 200)
    assert.equal((await self(secret)).body.code, 'too_many_requests')
    assert.equal((await self(other.secret)).status, 200)
    app.clock.advance({ seconds: 60 })
    assert.equal((await self(secret)).status, 200)
  })

  it('KEY-08 KEY-09: never outlives the expiry that it had, nor the policy', async () => {
    const days = fc.option(fc.integer({ min: 2, max: 400 }), { nil: null })
    await fc.assert(
      fc.asyncProperty(days, days, fc.integer({ min: 0, max: 500 }), async (lifetime, longest, waited) => {
        const expiresAt = lifetime === null ? null : inDays(lifetime)
        const { id, ownerId, secret } = await newKey({ expires_at: expiresAt })
        if (longest !== null)
          await app.call('PATCH', `/v1/owners/${ownerId}`, {
            max_lifetime_seconds: longest * DAY,
            apply_at_once: true,
          })
        app.clock.advance({ seconds: waited * DAY })
        const ends = (await app.call('GET', `/v1/keys/${id}`)).body.expires_at as string | null
        const { status, body } = await rotate(secret)
        if (status !== 200) return assert.equal(status, 401)
        const end = body.expires_at as string | null
        assert.ok(ends === null || (end !== null && end <= ends), `${end} is after ${ends}`)
        if (longest !== null) assert.ok(end !== null && end <= inDays(longest))
        assert.ok(ends === null || body.rotation.ends_at <= ends)
      }),
      { numRuns: 12 },
    )
  })

  it('MGT-15 KEY-11: of two rotations at once one happens', async () => {
    const { id, secret } = await newKey()
    const both = await Promise.all([rotate(secret), rotate(secret)])
    assert.deepEqual(both.map(({ status }) => status).sort(), [200, 409])
    assert.equal(both.find(({ status }) => status === 409)?.body.code, 'rotation_running')
    assert.equal((await events(id, 'key.rotated')).length, 1)
    assert.equal((await app.call('GET', `/v1/keys/${id}`)).body.secrets.length, 2)
  })

  it('MGT-20: a request that is held open rotates nothing once its key is revoked', async () => {
    const { id, secret } = await newKey()
    const held = await holdRequest(app.app, {
      method: 'POST',
      path: '/v1/self/rotate',
      key: secret,
      body: {},
    })
    assert.equal((await app.call('POST', `/v1/keys/${id}/revoke`)).status, 200)
    assert.equal((await held.finish()).status, 401)
    assert.equal((await app.call('GET', `/v1/keys/${id}`)).body.secrets.length, 1)
  })

  it('MGT-20: a rotation under way is undone by the suspension of its owner', {
    skip: ENGINE === 'pglite',
  }, async () => {
    const { id, ownerId, secret } = await newKey()
    const held = await app.db.transaction().execute(async (tx) => {
      await tx.selectFrom('audit_head').selectAll().forUpdate().execute()
      const rotating = rotate(secret)
      await waitForLocks(app.db, 1)
      await tx
        .updateTable('owners')
        .set({ suspended_at: app.clock.now(), suspended_reason: 'abuse' })
        .where('id', '=', ownerId)
        .execute()
      return { rotating }
    })
    assert.equal((await held.rotating).status, 401)
    assert.equal((await app.call('GET', `/v1/keys/${id}`)).body.secrets.length, 1)
  })

  const undo = (as: string) => app.call('POST', '/v1/self/rotation/undo', {}, { as })
  const asked = { self_rotation: true, auto_rotate_after_days: 30 }

  it('KEY-11: one that is to rotate itself says when, and is due by the server’s clock', async () => {
    const { id, secret } = await newKey({ ...asked, lifetime_seconds: 90 * DAY })
    const read = async () => (await self(secret)).body.auto_rotation
    const due = { after_days: 30, rotates_at: inDays(30) }
    assert.deepEqual(await read(), { ...due, due_in_seconds: 30 * DAY })
    const seen = async () => (await app.call('GET', `/v1/keys/${id}`)).body
    const { auto_rotates_at: at, auto_rotation_overdue: isOverdue } = await seen()
    assert.deepEqual([at, isOverdue], [inDays(30), false])
    app.clock.advance({ seconds: 31 * DAY })
    assert.deepEqual(await read(), { ...due, due_in_seconds: 0 })
    assert.equal((await seen()).auto_rotation_overdue, true)
  })

  it('KEY-08 KEY-09: one that is to rotate itself gets a new life as long as the last, within the policy', async () => {
    const { ownerId, secret } = await newKey({ ...asked, lifetime_seconds: 90 * DAY })
    app.clock.advance({ seconds: 30 * DAY })
    const { body } = await rotate(secret)
    assert.deepEqual([body.expires_at, body.rotation.ends_at], [inDays(90), inDays(7)])
    assert.equal((await finish(body.secret)).status, 200)
    await app.call('PATCH', `/v1/owners/${ownerId}`, { max_lifetime_seconds: 60 * DAY })
    app.clock.advance({ seconds: 30 * DAY })
    assert.equal((await rotate(body.secret)).body.expires_at, inDays(60))
  })

  it('KEY-11: what is asked of a key needs `self_rotation`, and ends with it', async () => {
    const made = { owner_id: 'org_asked', name: 'a', environment: 'live', scopes: [] }
    for (const wanted of [
      { auto_rotate_after_days: 30 },
      ...[0, 3651, 1.5, '30'].map((days) => ({ self_rotation: true, auto_rotate_after_days: days })),
    ]) {
      const { status, body } = await app.call('POST', '/v1/keys', { ...made, ...wanted })
      assert.deepEqual([status, body.code], [400, 'invalid_request'])
    }
    const { id } = await newKey({ self_rotation: false })
    const change = async (body: object) => {
      const answer = await app.call('PATCH', `/v1/keys/${id}`, body)
      return answer.status === 200
        ? [answer.body.self_rotation, answer.body.auto_rotate_after_days]
        : answer.body.code
    }
    assert.equal(await change({ auto_rotate_after_days: 30 }), 'invalid_request')
    assert.deepEqual(await change(asked), [true, 30])
    assert.deepEqual(await change({ auto_rotate_after_days: 60 }), [true, 60])
    assert.equal(await change({ self_rotation: false, auto_rotate_after_days: 60 }), 'invalid_request')
    assert.deepEqual(await change({ self_rotation: false }), [false, null])
    const { body } = await app.call('GET', `/v1/audit-events?target_id=${id}&action=key.changed`)
    assert.deepEqual(
      body.data.map(({ detail }: { detail: object }) => detail),
      [{ self_rotation: false, auto_rotate_after_days: null }, { auto_rotate_after_days: 60 }, asked],
    )
  })

  it('KEY-11: undoes its own rotation whose secret was lost, with the old one, after a day', async () => {
    const { id, secret } = await newKey({ ...asked, lifetime_seconds: 90 * DAY })
    const ends = inDays(90)
    const named = { headers: { 'idempotency-key': 'once' } }
    const lost = (await rotate(secret, {}, named)).body.secret
    app.clock.advance({ seconds: DAY - 1 })
    assert.equal((await undo(secret)).body.code, 'undo_not_allowed')
    assert.equal((await rotate(secret, {}, named)).body.secret, lost)
    app.clock.advance({ seconds: 1 })
    const { status, body } = await undo(secret)
    assert.deepEqual([status, body.rotation, body.expires_at], [200, null, ends])
    assert.deepEqual([await verified(secret), await verified(lost)], [true, false])
    assert.deepEqual((await events(id, 'key.rotation_undone'))[0]?.actor, { kind: 'api_key', id })
    // The answer has lapsed with the rotation, though no housekeeping has removed it.
    const again = await rotate(secret, {}, named)
    assert.deepEqual([again.status, await verified(again.body.secret)], [200, true])
  })

  const undone: Record<string, [(key: { id: string; secret: string }) => Promise<string>, string]> = {
    'that does not run': [async ({ secret }) => secret, 'no_rotation'],
    'with the new secret': [async ({ secret }) => (await rotate(secret)).body.secret, 'undo_not_allowed'],
    'of an operator, who may be about to deploy': [
      async ({ id, secret }) => {
        await app.call('POST', `/v1/keys/${id}/rotate`, { overlap_seconds: 9 * DAY })
        return secret
      },
      'undo_not_allowed',
    ],
    'whose new secret is in use': [
      async ({ secret }) => {
        const { body } = await rotate(secret)
        await app.db
          .updateTable('secrets')
          .set({ last_used_at: app.clock.now() })
          .where('hint', '=', body.hint)
          .execute()
        return secret
      },
      'rotation_in_use',
    ],
  }
  for (const [what, [prepare, code]] of Object.entries(undone))
    it(`KEY-11: cannot undo a rotation ${what}`, async () => {
      const key = await newKey(asked)
      const as = await prepare(key)
      app.clock.advance({ seconds: 2 * DAY })
      const before = (await app.call('GET', `/v1/keys/${key.id}`)).body.secrets
      assert.equal((await undo(as)).body.code, code)
      assert.deepEqual((await app.call('GET', `/v1/keys/${key.id}`)).body.secrets, before)
    })
})
