import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Type } from 'typebox'
import { type CallOptions, openTestApp, type TestAnswer, type TestApp } from '../../test/app.ts'
import { ENGINE } from '../../test/database.ts'
import { holdRequest } from '../../test/held-request.ts'
import { waitForLocks } from '../../test/lock-waits.ts'
import { pipelineOf } from '../../test/pipeline.ts'
import { staffAs } from '../../test/staff.ts'
import { systemOrigin } from '../audit/audit-event.ts'
import { yes } from '../base/result.ts'
import { openLog } from '../http/log.ts'
import { openServer } from '../http/server.ts'
import { strictObject } from '../http/wire.ts'
import { suspendOwner } from '../owners/change-owner.ts'
import { cookiesFor } from '../pages/cookies.ts'
import { staffAuthenticator } from '../staff/authenticate-staff.ts'
import type { Authenticator } from './authenticator.ts'
import type { Caller } from './caller.ts'
import { changes } from './pipeline.ts'

const LEAKED = { name: 'leaked', permissions: ['admin_keys:write', 'keys:write', 'users:write', 'verify'] }

describe('a request whose body is held open', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
    await app.app.listen({ port: 0, host: '127.0.0.1' })
    await app.keyFor('org_1')
  })
  after(() => app.close())

  const stolen = async (more: Record<string, unknown> = {}) => {
    const { body } = await app.call('POST', '/v1/admin-keys', { ...LEAKED, ...more })
    return body as { id: string; secret: string }
  }
  const revoke = (id: string) => app.call('POST', `/v1/admin-keys/${id}/revoke`, { reason: 'leaked' })
  const suspend = (id: string) => app.call('POST', `/v1/owners/${id}/suspend`, { reason: 'abuse' })

  const HELD = {
    'mint a successor': ['/v1/admin-keys', { name: 'successor', permissions: ['keys:write'] }],
    'create a key': [
      '/v1/keys',
      { owner_id: 'org_1', name: 'k', environment: 'live', scopes: ['orders:read'] },
    ],
    'create a user, which hashes first': ['/v1/users', { email: 'new@example.com', name: 'New' }],
    'ask for records': ['/v1/lookups', { hashes: ['a'.repeat(64)] }],
  } as const

  for (const [what, [path, body]] of Object.entries(HELD))
    it(`MGT-20: cannot ${what} once its admin key is revoked`, async () => {
      const { id, secret } = await stolen()
      const held = await holdRequest(app.app, { method: 'POST', path, key: secret, body })
      assert.equal((await revoke(id)).status, 200)
      const { status, body: answer } = await held.finish()
      assert.deepEqual([status, answer.code], [401, 'invalid_token'])
      const { body: made } = await app.call('GET', `/v1/audit-events?actor_id=${id}&result=done`)
      assert.deepEqual(made.data, [])
    })

  it('MGT-20: cannot get the response of an earlier one under the same Idempotency-Key', async () => {
    const { id, secret } = await stolen()
    const body = { name: 'again', permissions: ['keys:write'] }
    const named = { as: secret, headers: { 'idempotency-key': 'once' } }
    assert.equal((await app.call('POST', '/v1/admin-keys', body, named)).status, 201)
    await revoke(id)
    assert.equal((await app.call('POST', '/v1/admin-keys', body, named)).status, 401)
  })

  it('MGT-20: cannot resume its own owner once that is suspended', async () => {
    const key = await app.adminKeyWith(['owners:write'], 'org_2')
    await app.keyFor('org_2')
    const held = await holdRequest(app.app, {
      method: 'POST',
      path: '/v1/owners/org_2/resume',
      key,
      body: {},
    })
    assert.equal((await suspend('org_2')).status, 200)
    assert.equal((await held.finish()).status, 401)
    const { body } = await app.call('GET', '/v1/owners/org_2')
    assert.notEqual(body.suspended_at, null)
  })

  it('AUD-11: is dated when its change is made, not when its headers arrived', async () => {
    const { secret } = await stolen()
    const body = { name: 'late', permissions: ['keys:write'] }
    const held = await holdRequest(app.app, { method: 'POST', path: '/v1/admin-keys', key: secret, body })
    app.clock.advance({ seconds: 15 })
    const { body: made } = await held.finish()
    assert.equal(made.created_at, app.clock.now().toISOString())
  })

  it('can still revoke its own admin key, and its change is kept', async () => {
    const { id, secret } = await stolen()
    const gone = await app.call('POST', `/v1/admin-keys/${id}/revoke`, { reason: 'done' }, { as: secret })
    assert.equal(gone.status, 200)
    const mine = await app.adminKeyWith(['owners:write'], 'org_3')
    await app.keyFor('org_3')
    assert.equal(
      (await app.call('POST', '/v1/owners/org_3/suspend', { reason: 'leaving' }, { as: mine })).status,
      200,
    )
  })

  it('MGT-20: is aborted after its time limit', async () => {
    const { server } = app.app
    assert.equal(server.requestTimeout, 20_000)
    // Not in the types; it decides when the limits are checked.
    const checked = Reflect.get(server, 'connectionsCheckingInterval')
    assert.equal(checked, 1_000)
  })
})

describe('a change under way while its caller ends', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
  })
  after(() => app.close())

  const OPERATION = {
    id: 'makeThing',
    method: 'POST',
    url: '/v1/things',
    permission: 'keys:write',
    tag: 'Things',
    summary: 'Make a thing',
    body: strictObject({ name: Type.String() }),
    status: 201,
    answer: Type.Object({ name: Type.String() }),
  } as const
  const ends = {
    'its revocation': async (id: string) =>
      await app.call('POST', `/v1/admin-keys/${id}/revoke`, { reason: 'leaked' }),
    'the suspension of its owner': async () =>
      await app.call('POST', '/v1/owners/org_1/suspend', { reason: 'abuse' }),
  }

  /** Makes a change as this caller, and ends the caller before the change commits. @returns its status; whether it was kept */
  const endDuring = async (
    { id, as }: { id: string; as: CallOptions },
    end: () => Promise<TestAnswer>,
    ...authenticators: Authenticator[]
  ) => {
    const server = await openServer(openLog('silent'))
    const begun = Promise.withResolvers<void>()
    const mayEnd = Promise.withResolvers<void>()
    changes(server, pipelineOf(app, ...authenticators), OPERATION, async ({ db, caller }) => {
      await db
        .insertInto('owners')
        .values({ id: `made_${id}`, created_at: caller.now })
        .execute()
      begun.resolve()
      await mayEnd.promise
      return yes({ name: 'made' })
    })
    const made = app.call('POST', '/v1/things', { name: 'a' }, { ...as, node: server })
    await Promise.race([begun.promise, made.then(({ text }) => assert.fail(text))])
    const ended = await end()
    assert.equal(ended.status, 200, ended.text)
    mayEnd.resolve()
    const { status } = await made
    await server.close()
    return { status, kept: (await app.call('GET', `/v1/owners/made_${id}`)).status === 200 }
  }

  // On PGlite there is one connection, and so no other transaction meanwhile.
  for (const [what, end] of Object.entries(ends))
    it(`MGT-20: is rolled back by ${what}`, { skip: ENGINE === 'pglite' }, async () => {
      await app.keyFor('org_1')
      const asked = { name: 'of an owner', permissions: ['keys:write'], owner_id: 'org_1' }
      const { body: ofOwner } = await app.call('POST', '/v1/admin-keys', asked)
      const caller = { id: ofOwner.id, as: { as: ofOwner.secret } }
      assert.deepEqual(await endDuring(caller, () => end(ofOwner.id)), { status: 401, kept: false })
      await app.call('POST', '/v1/owners/org_1/resume')
    })

  it('MGT-20 AUD-11: cannot change its own owner once that is suspended', {
    skip: ENGINE === 'pglite',
  }, async () => {
    await app.keyFor('org_2', {})
    const as = await app.adminKeyWith(['owners:write', 'owners:suspend'], 'org_2')
    const provider = { ...systemOrigin(app.clock.now()), reach: 'every_owner' } as unknown as Caller
    for (const [method, path, body] of [
      ['PATCH', '/v1/owners/org_2', { name: 'Ours' }],
      ['POST', '/v1/owners/org_2/suspend', { reason: 'leaving' }],
    ] as const) {
      const suspending = Promise.withResolvers<void>()
      const mayCommit = Promise.withResolvers<void>()
      const suspended = app.db.transaction().execute(async (tx) => {
        await suspendOwner(tx, provider, 'org_2', 'abuse')
        suspending.resolve()
        await mayCommit.promise
      })
      await suspending.promise
      const changed = app.call(method, path, body, { as })
      await waitForLocks(app.db, 1)
      mayCommit.resolve()
      await suspended
      assert.equal((await changed).status, 401, path)
      const { body: owner } = await app.call('GET', '/v1/owners/org_2')
      assert.deepEqual([owner.name, owner.suspended_reason], [null, 'abuse'])
      await app.call('POST', '/v1/owners/org_2/resume')
    }
  })

  for (const [what, method, path, body, status] of [
    ['a lesser role', 'PATCH', '', { role: 'viewer' }, 403],
    ['disabling', 'POST', '/disable', { reason: 'leaked' }, 401],
    ['the end of all sessions', 'POST', '/end-sessions', {}, 401],
  ] as const)
    it(`CON-12: is rolled back by ${what} of its staff member`, { skip: ENGINE === 'pglite' }, async () => {
      const [ann, bo] = [await staffAs(app, 'administrator'), await staffAs(app, 'administrator')]
      const end = () => app.call(method, `/v1/staff/${bo.id}${path}`, body, ann.as)
      const staff = staffAuthenticator(app.db, cookiesFor('http://doorward.test'), {
        testEnvironments: [],
        requiresSecondFactor: false,
      })
      assert.deepEqual(await endDuring(bo, end, staff), { status, kept: false })
    })
})
