import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { httpSource } from '@doorward/sdk'
import { openSecondNode, openTestApp, type TestApp } from '../../test/app.ts'
import { startProxy } from '../../test/faults/proxy.ts'
import { forgetOldQuotas } from './quota.store.ts'
import { forgetOldSpends } from './repeated-spends.store.ts'

type App = TestApp['app']

describe('rate limits and quotas, through /v1/verify and /v1/quota-spends', () => {
  let app: TestApp
  let second: App
  before(async () => {
    app = await openTestApp()
    second = await openSecondNode(app)
  })
  after(async () => {
    await second.close()
    await app.close()
  })

  const daily = (limit: number) => ({ limit, period: 'day' })

  async function verify(secret: string, more: object = {}, node: App = app.app) {
    const { body } = await app.call('POST', '/v1/verify', { credential: secret, ...more }, { node })
    return body
  }

  const outcome = (body: { valid: boolean; refusal?: { reason: string } }) =>
    body.valid ? 'accepted' : body.refusal?.reason

  async function spentOf(id: string): Promise<number[]> {
    const { body } = await app.call('GET', `/v1/keys/${id}/quotas`)
    return body.data.map(({ spent }: { spent: number }) => spent)
  }

  it('VER-06: of 60 concurrent calls at two nodes a quota of 20 accepts exactly 20', async () => {
    const { id, secret } = await app.keyFor('org_race', { quota: daily(20) })
    const calls = Array.from({ length: 60 }, (_, n) => verify(secret, {}, n % 2 === 0 ? app.app : second))
    const got = (await Promise.all(calls)).map(outcome)
    assert.equal(got.filter((each) => each === 'accepted').length, 20)
    assert.equal(got.filter((each) => each === 'quota_exceeded').length, 40)
    assert.deepEqual(await spentOf(id), [20])
  })

  it('VER-08: returns the units of a call that is refused after all, and never more', async () => {
    const { id, secret } = await app.keyFor('org_back', { quota: daily(3) })
    const { body: verdict } = await app.call('POST', '/v1/verify', { credential: secret, dry_run: true })
    const { credential_id } = verdict.principal
    const spend = async (...spends: object[]) => {
      const { status, body } = await app.call('POST', '/v1/quota-spends', {
        spends: spends.map((each) => ({ credential_id, ...each })),
      })
      assert.equal(status, 200)
      return body.data.map((each: { granted: boolean; quotas: { spent: number }[] }) => [
        each.granted,
        each.quotas[0]?.spent,
      ])
    }
    const back = (cost: number) => ({ cost, gives_back: true })
    assert.deepEqual(await spend({ cost: 2 }, back(2), { cost: 3 }, { cost: 1 }), [
      [true, 2],
      [true, 0],
      [true, 3],
      [false, 3],
    ])
    assert.deepEqual(await spend(back(1), { cost: 1 }, back(1)), [
      [true, 2],
      [true, 3],
      [true, 2],
    ])
    assert.deepEqual(await spend(back(1_000_000)), [[true, 0]])
    assert.deepEqual(await spentOf(id), [0])
  })

  it('VER-08, VER-09: a refused call spends nothing of the key’s or the owner’s quota', async () => {
    const owner = 'org_both'
    const a = await app.keyFor(owner, { quota: daily(2) })
    const b = await app.keyFor(owner, { quota: daily(9) })
    await app.call('PATCH', `/v1/owners/${owner}`, { quota: daily(4) })
    const got: unknown[] = []
    for (const { secret } of [a, a, a, a, b, b, b, b]) got.push(outcome(await verify(secret)))
    const no = 'quota_exceeded'
    assert.deepEqual(got, ['accepted', 'accepted', no, no, 'accepted', 'accepted', no, no])
    assert.deepEqual(
      [await spentOf(a.id), await spentOf(b.id)],
      [
        [2, 4],
        [2, 4],
      ],
    )
    await verify(b.secret, { scopes: ['orders:write'] })
    await verify(b.secret, { environment: 'test' })
    await verify(b.secret, { dry_run: true })
    assert.deepEqual(await spentOf(b.id), [2, 4])
  })

  it('KEY-11: a rotation neither doubles nor resets a quota', async () => {
    const { id, secret } = await app.keyFor('org_rotates', { quota: daily(3) })
    await verify(secret)
    const { body } = await app.call('POST', `/v1/keys/${id}/rotate`, { overlap_seconds: 600 })
    const got: unknown[] = []
    for (const each of [body.secret, secret, body.secret, secret]) got.push(outcome(await verify(each)))
    assert.deepEqual(got, ['accepted', 'accepted', 'quota_exceeded', 'quota_exceeded'])
  })

  it('VER-11: a verdict has the state of the limits, and when to retry', async () => {
    const burst = { name: 'burst', limit: 2, window_seconds: 60 }
    const { secret } = await app.keyFor('org_told', { rate_limits: [burst], quota: daily(9) })
    const first = await verify(secret)
    assert.deepEqual(
      first.limits.map(({ kind, name, remaining }: Record<string, unknown>) => [kind, name, remaining]),
      [
        ['rate_limit', 'burst', 1],
        ['quota', 'day', 8],
      ],
    )
    await verify(secret)
    const third = await verify(secret)
    assert.equal(outcome(third), 'rate_limited')
    assert.equal(third.refusal.retry_after_seconds, 60)
    assert.match(third.refusal.message, /burst \(2 in 60 s\)/)
    assert.equal(outcome(await verify(secret, { cost: 0 })), 'accepted')
  })

  it('a lowered limit takes effect at once, also at another node', async () => {
    const { id, secret } = await app.keyFor('org_lowered', { quota: daily(9) })
    assert.equal(outcome(await verify(secret, {}, second)), 'accepted')
    await app.call('PATCH', `/v1/keys/${id}`, { quota: daily(1) })
    assert.equal(outcome(await verify(secret)), 'quota_exceeded')
    await app.call('PATCH', `/v1/keys/${id}`, { quota: null })
    assert.equal(outcome(await verify(secret)), 'accepted')
  })

  it('a new day has a new quota, and old spent units are deleted', async () => {
    const { id, secret } = await app.keyFor('org_days', { quota: daily(1) })
    assert.deepEqual(
      [outcome(await verify(secret)), outcome(await verify(secret))],
      ['accepted', 'quota_exceeded'],
    )
    app.clock.advance({ seconds: 24 * 3600 })
    assert.deepEqual(await spentOf(id), [0])
    assert.equal(outcome(await verify(secret)), 'accepted')
    app.clock.advance({ seconds: 101 * 24 * 3600 })
    await forgetOldQuotas(app.db, app.clock.now())
    assert.deepEqual(await app.db.selectFrom('quota_spent').selectAll().execute(), [])
  })

  it('SDKs spend by the id of the secret, each independently; an unknown id gives null', async () => {
    const { id, secret } = await app.keyFor('org_sdk', { quota: daily(5) })
    const { body: verdict } = await app.call('POST', '/v1/verify', { credential: secret, dry_run: true })
    const credential_id = verdict.principal.credential_id
    const spends = [
      { credential_id, cost: 4 },
      { credential_id: 'sec_none', cost: 1 },
      { credential_id, cost: 2 },
      { credential_id, cost: 1 },
    ]
    const { status, body } = await app.call('POST', '/v1/quota-spends', { spends })
    assert.equal(status, 200)
    assert.deepEqual(
      body.data.map((answer: { granted: boolean } | null) => answer?.granted ?? null),
      [true, null, false, true],
    )
    assert.deepEqual(await spentOf(id), [5])
    const wrong = [
      { spends: [] },
      { spends: [{ credential_id, cost: 0 }] },
      { spends: [{ credential_id, cost: -1 }] },
    ]
    for (const each of wrong) assert.equal((await app.call('POST', '/v1/quota-spends', each)).status, 400)
  })

  async function credentialOf(secret: string): Promise<string> {
    const { body } = await app.call('POST', '/v1/verify', { credential: secret, dry_run: true })
    return body.principal.credential_id
  }

  it('VER-06: of one request that is sent five times, at once and to two nodes, the units are spent once', async () => {
    const { id, secret } = await app.keyFor('org_again', { quota: daily(5) })
    const credential_id = await credentialOf(secret)
    const spends = [
      { credential_id, cost: 3 },
      { credential_id, cost: 3 },
      { credential_id: 'sec_none', cost: 1 },
      { credential_id, cost: 2 },
    ]
    const send = async (id: string | undefined, node: App = app.app) => {
      const { status, body } = await app.call('POST', '/v1/quota-spends', { id, spends }, { node })
      assert.equal(status, 200)
      return body.data.map((each: { granted: boolean } | null) => each?.granted ?? null)
    }
    const nodes = [app.app, second, app.app, second]
    const first = await Promise.all(nodes.map((node) => send('a-request-0000001', node)))
    assert.deepEqual(
      first,
      nodes.map(() => [true, false, null, true]),
    )
    assert.deepEqual(await spentOf(id), [5])
    // The last units are gone, and this is the answer to the call that got them.
    assert.deepEqual(await send('a-request-0000001'), [true, false, null, true])
    assert.deepEqual(await send('a-request-0000002'), [false, false, null, false])
    assert.deepEqual(await spentOf(id), [5])

    app.clock.advance({ seconds: 121 })
    await forgetOldSpends(app.db, app.clock.now())
    assert.deepEqual(await app.db.selectFrom('quota_spends').selectAll().execute(), [])
    for (const id of ['', 'short', 'a'.repeat(65), 'a-request-0000/03'])
      assert.equal((await app.call('POST', '/v1/quota-spends', { id, spends })).status, 400)
  })

  it('VER-06: a request that is sent again after midnight has the answer of its own day', async () => {
    const { id, secret } = await app.keyFor('org_midnight', { quota: daily(2) })
    const credential_id = await credentialOf(secret)
    const body = { id: 'a-request-at-midnight', spends: [{ credential_id, cost: 1 }] }
    const before = await app.call('POST', '/v1/quota-spends', body)
    const msLeft = Date.parse(before.body.data[0].quotas[0].ends_at) - app.clock.now().getTime()
    app.clock.advance({ seconds: msLeft / 1000 - 1 })
    const late = { ...body, id: 'a-request-at-its-end' }
    const first = await app.call('POST', '/v1/quota-spends', late)
    assert.equal(first.body.data[0].granted, true)
    app.clock.advance({ seconds: 2 })
    assert.deepEqual((await app.call('POST', '/v1/quota-spends', late)).body, first.body)
    assert.deepEqual(await spentOf(id), [0])
  })

  it('VER-06, VER-18: a kept connection that breaks after the units were spent costs neither the call nor a unit', async (t) => {
    const { id, secret } = await app.keyFor('org_dead', { quota: daily(9) })
    const spend = { credentialId: await credentialOf(secret), cost: 1 }
    const proxy = await startProxy(await app.app.listen({ port: 0, host: '127.0.0.1' }))
    t.after(() => proxy.close())
    const { spendQuotas } = httpSource({
      url: `http://127.0.0.1:${proxy.port}`,
      adminKey: app.adminKey,
      timeoutMs: 60_000,
      feed: false,
    })
    await spendQuotas([spend])
    for (const spent of [2, 3]) {
      proxy.break('answers lost', '/v1/quota-spends')
      void proxy.nextHit().then(() => proxy.mend())
      const [answer] = await spendQuotas([spend])
      assert.ok(answer !== undefined && !(answer instanceof Error))
      assert.deepEqual([answer.granted, answer.quotas[0]?.spent], [true, spent])
    }
    assert.equal(proxy.hits, 2)
    assert.deepEqual(await spentOf(id), [3])
  })

  it('an admin key bound to an owner cannot lift limits, but can change the rest', async () => {
    const { id } = await app.keyFor('org_bound', { quota: daily(1) })
    const bound = await app.adminKeyWith(['keys:write', 'owners:write'], 'org_bound')
    for (const change of [{ quota: null }, { rate_limits: [] }])
      for (const path of [`/v1/keys/${id}`, '/v1/owners/org_bound']) {
        const { status, body } = await app.call('PATCH', path, change, { as: bound })
        assert.deepEqual([status, body.code], [403, 'limits_not_permitted'], path)
      }
    const asked = { owner_id: 'org_bound', name: 'more', environment: 'live', scopes: ['orders:read'] }
    const refused = await app.call('POST', '/v1/keys', { ...asked, quota: daily(9) }, { as: bound })
    assert.equal(refused.body.code, 'limits_not_permitted')
    assert.equal((await app.call('POST', '/v1/keys', asked, { as: bound })).status, 201)
    assert.equal((await app.call('PATCH', `/v1/keys/${id}`, { name: 'x' }, { as: bound })).status, 200)
  })
})
