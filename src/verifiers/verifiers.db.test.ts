import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, beforeEach, describe, it } from 'node:test'
import { openSecondNode, openTestApp, type TestApp } from '../../test/app.ts'
import { eventually } from '../../test/eventually.ts'
import { pruneVerifiers, saveReports, type VerifierReport } from './verifier.store.ts'
import { MAX_OF_ADMIN_KEY } from './verifier.ts'

const ID = '00000000-0000-4000-8000-000000000001'

describe('verifiers and what they have applied', () => {
  let app: TestApp
  let sdkKey: string
  let keyId: string
  before(async () => {
    app = await openTestApp()
    sdkKey = await app.adminKeyWith(['verify'])
    const { body } = await app.call('GET', '/v1/admin-keys')
    keyId = body.data.find((each: { permissions: string[] }) => each.permissions.join() === 'verify').id
  })
  after(() => app.close())
  beforeEach(async () => {
    await app.db.deleteFrom('verifiers').where('kind', '=', 'sdk').execute()
  })

  /** The id of the last event, as an SDK that has applied everything reports it. */
  const lastEvent = async (): Promise<string> => {
    const { text } = await app.call('GET', '/v1/changes?once=true', undefined, { as: sdkKey })
    return [...text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? ''
  }
  const until = (isSo: () => Promise<boolean>) => eventually(async () => String(await isSo()), 'true')
  const report = async (more: Record<string, unknown> = {}, as = sdkKey) =>
    await app.call(
      'POST',
      '/v1/verifier-reports',
      {
        id: ID,
        name: 'orders',
        applied: await lastEvent(),
        applied_ago_ms: 0,
        running_ms: 60_000,
        bound_ms: 5_000,
        ...more,
      },
      { as },
    )
  const list = async () => (await app.call('GET', '/v1/verifiers')).body
  const sdks = async () => (await list()).data.filter(({ kind }: { kind: string }) => kind === 'sdk')
  const arrival = async (at: string, as = app.adminKey) =>
    (await app.call('GET', `/v1/arrival?at=${at}`, undefined, { as })).body
  /** Revokes a new key at a moment of its own, and waits until this server has reported it. */
  const revoke = async (): Promise<string> => {
    app.clock.advance({ ms: 1 })
    const { id } = await app.keyFor('org_a')
    app.clock.advance({ ms: 1 })
    const { body } = await app.call('POST', `/v1/keys/${id}/revoke`, { reason: 'test' })
    await until(async () => (await arrival(body.revoked_at)).applied > 0)
    return body.revoked_at
  }

  it('lists this server and SDKs, with what they have applied and when they were seen', async () => {
    const startedAt = new Date(app.clock.nowMs() - 60_000).toISOString()
    const now = app.clock.now().toISOString()
    assert.deepEqual((await report({ applied_ago_ms: 1_500, sdk_version: '0.1.0' })).body, {
      report_every_ms: 1_000,
    })
    const [sdk, ...others] = await sdks()
    assert.deepEqual(others, [])
    assert.deepEqual(sdk, {
      ...{ id: ID, kind: 'sdk', name: 'orders', version: '0.1.0', reported_by: keyId, ip: '127.0.0.1' },
      ...{ started_at: startedAt, last_seen_at: now, state: 'current', changes_behind: 0 },
      applied_at: new Date(app.clock.nowMs() - 1_500).toISOString(),
      ...{ bound_ms: 5_000, not_reporting: 0 },
    })
    await until(async () => (await list()).data.some(({ kind }: { kind: string }) => kind === 'server'))
    const { counts, data } = await list()
    assert.equal(counts.current, 2)
    const server = data.find(({ kind }: { kind: string }) => kind === 'server')
    assert.deepEqual([server.reported_by, server.ip, server.bound_ms], [null, null, 5_000])
  })

  it('KEY-10: tells when the last verifier had applied a revocation, and keeps telling it after later changes', async () => {
    await report()
    const revokedAt = await revoke()
    assert.deepEqual((await arrival(revokedAt)).state, 'arriving')
    app.clock.advance({ ms: 400 })
    await report({ applied_ago_ms: 100 })
    const arrived = await arrival(revokedAt)
    const since = new Date(Date.parse(revokedAt) + 300).toISOString()
    assert.deepEqual(
      [arrived.state, arrived.refused_since, arrived.verifiers, arrived.applied],
      ['arrived', since, 2, 2],
    )
    app.clock.advance({ ms: 900 })
    await revoke()
    await report()
    assert.equal((await arrival(revokedAt)).refused_since, since)
  })

  it('KEY-10: names a verifier that does not confirm, and from when it refuses all the same', async () => {
    await report()
    const revokedAt = await revoke()
    const { waiting, waiting_count: count } = await arrival(revokedAt)
    const refusesFrom = new Date(Date.parse(revokedAt) + 6_000).toISOString()
    assert.deepEqual([waiting[0].name, waiting[0].refuses_from, count], ['orders', refusesFrom, 1])
    app.clock.advance({ seconds: 6 })
    const later = await arrival(revokedAt)
    assert.deepEqual(
      [later.state, later.refused_since, later.lapsed_count, later.lapsed[0].name],
      ['arrived', refusesFrom, 1, 'orders'],
    )
  })

  it('works for whatever alters verdicts: an owner is suspended', async () => {
    await app.keyFor('org_s')
    app.clock.advance({ ms: 1 })
    const { body } = await app.call('POST', '/v1/owners/org_s/suspend', { reason: 'test' })
    await until(async () => (await arrival(body.suspended_at)).state === 'arrived')
  })

  it('says not_kept of a moment at which nothing was changed, and of one more than an hour ago', async () => {
    const { state, verifiers } = await arrival('2029-01-01T00:00:00.000Z')
    assert.deepEqual([state, verifiers], ['not_kept', 0])
  })

  it('a position of the future, of another history, or no position at all proves nothing', async () => {
    const [position, token, run] = (await lastEvent()).split('.')
    const lies = [
      `${Number(position) + 1_000}.${token}.${run}`,
      `999999999999999.${token}.${run}`,
      `${position}.${randomUUID()}.${run}`,
      `${position}.${token}.${Number(run) + 1}`,
      `${position}`,
      '0',
      'nonsense',
    ]
    for (const applied of lies) {
      assert.equal((await report({ applied })).status, 200, applied)
      const [sdk] = await sdks()
      assert.deepEqual([sdk.state, sdk.changes_behind], ['behind', null], applied)
      const revokedAt = await revoke()
      assert.equal((await arrival(revokedAt)).state, 'arriving', applied)
    }
  })

  it('another admin key with the same id speaks for itself, and cannot take the first off the list', async () => {
    const other = await app.adminKeyWith(['verify'])
    await report({ name: 'mine' })
    await report({ name: 'theirs' }, other)
    assert.deepEqual((await sdks()).map(({ name }: { name: string }) => name).sort(), ['mine', 'theirs'])
    assert.equal((await report({ leaving: true }, other)).status, 200)
    assert.deepEqual(
      (await sdks()).map(({ name }: { name: string }) => name),
      ['mine'],
    )
    await report({ leaving: true })
    assert.deepEqual(await sdks(), [])
  })

  it('refuses hostile input, and callers without the permission', async () => {
    const faulty: Record<string, unknown>[] = [
      { name: 'x'.repeat(81) },
      { name: 'a\nb' },
      { name: '' },
      { id: 'server' },
      { id: `${ID}0` },
      { applied: 'x'.repeat(201) },
      { applied_ago_ms: -1 },
      { running_ms: 2 ** 31 },
      { bound_ms: 1.5 },
      { sdk_version: '<b>' },
      { kind: 'server' },
      { seen_at: '2030-01-01T00:00:00Z' },
    ]
    for (const each of faulty) assert.equal((await report(each)).status, 400, JSON.stringify(each))
    const reader = await app.adminKeyWith(['keys:read'])
    assert.equal((await report({}, reader)).status, 403)
    const bound = await app.adminKeyWith(['keys:read'], 'org_a')
    assert.equal(
      (await app.call('GET', '/v1/verifiers', undefined, { as: bound })).body.code,
      'owner_not_covered',
    )
    assert.deepEqual(await sdks(), [])
  })

  it('a caller that is bound to an owner learns if a revocation has arrived, and no names', async () => {
    const bound = await app.adminKeyWith(['keys:read'], 'org_a')
    await report()
    const { state, waiting } = await arrival(await revoke(), bound)
    assert.deepEqual([state, waiting.length, waiting[0].name], ['arriving', 1, null])
  })

  it(`OPS-08: of 10,000 verifiers of one admin key, ${MAX_OF_ADMIN_KEY} are listed, the others are refused, and another admin key’s are listed too`, async () => {
    await report()
    let taken = 0
    for (let n = 0; n < 10_000; n += 1_000) taken += (await saveReports(app.db, many(keyId, 1_000))).length
    assert.equal(taken, MAX_OF_ADMIN_KEY - 1)
    const refused = await report({ id: randomUUID() })
    assert.deepEqual([refused.status, refused.body.code], [429, 'too_many_verifiers'])
    assert.equal((await report()).status, 200, 'one that is listed goes on')
    const other = await app.adminKeyWith(['verify'])
    assert.equal((await report({}, other)).status, 200)
    const { counts, data } = await list()
    assert.deepEqual([counts.current + counts.behind, data.length], [MAX_OF_ADMIN_KEY + 2, 200])
  })

  it('a verifier is silent after a minute, left out after a quarter of an hour, and then forgotten', async () => {
    await report()
    app.clock.advance({ seconds: 61 })
    assert.deepEqual(
      (await sdks()).map(({ state }: { state: string }) => state),
      ['silent'],
    )
    app.clock.advance({ seconds: 840 })
    assert.deepEqual(await sdks(), [])
    await pruneVerifiers(app.db, app.clock.now())
    const { rows } = await countSdks()
    assert.equal(rows, 0)
  })

  it('forgets what was applied once no change is kept for which it could be a witness', async () => {
    await report()
    app.clock.advance({ hours: 3 })
    await pruneVerifiers(app.db, app.clock.now())
    const left = await app.db.selectFrom('applied_changes').selectAll().execute()
    assert.ok(left.every(({ applied_at }) => applied_at > new Date(app.clock.nowMs() - 7_200_000)))
  })

  it('a server that stops is off the list, and stays a witness of when a revocation was committed', async () => {
    const node = await openSecondNode(app)
    await until(async () => (await serverCount()) === 2)
    const revokedAt = await revoke()
    await until(async () => (await arrival(revokedAt)).applied === 2)
    const { refused_since: before } = await arrival(revokedAt)
    await node.close()
    await until(async () => (await serverCount()) === 1)
    assert.equal((await arrival(revokedAt)).refused_since, before)
  })

  it('counts listeners that follow changes and report nothing', async () => {
    await app.app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.app.server.address() as { port: number }
    const aborting = new AbortController()
    const follow = (headers: Record<string, string>) =>
      fetch(`http://127.0.0.1:${port}/v1/changes`, {
        headers: { authorization: `Bearer ${sdkKey}`, ...headers },
        signal: aborting.signal,
      })
    // Kept, because a response that nobody holds is cut off.
    const following = [await follow({}), await follow({ 'doorward-verifier': ID })]
    app.clock.advance({ ms: 1 })
    await revoke()
    await until(async () => (await list()).counts.not_reporting === 1)
    const revokedAt = await revoke()
    assert.equal((await arrival(revokedAt)).not_reporting, 1)
    assert.ok(following.every(({ ok }) => ok))
    aborting.abort()
  })

  it('takes the reports of 200 verifiers that arrive together, of each the last', async () => {
    const applied = await lastEvent()
    const ids = Array.from({ length: 100 }, () => randomUUID())
    const answers = await Promise.all(
      [...ids, ...ids].map((id, n) => report({ id, applied, name: n < 100 ? 'earlier' : 'later' })),
    )
    assert.ok(answers.every(({ status }) => status === 200))
    const found = await sdks()
    assert.deepEqual(
      [found.length, found.filter(({ name }: { name: string }) => name === 'later').length],
      [100, 100],
    )
  })

  /** Reports of verifiers with ids of their own. */
  const many = (reportedBy: string, count: number): VerifierReport[] =>
    Array.from({ length: count }, () => ({
      ...{ id: randomUUID(), kind: 'sdk', reportedBy, name: null, version: null, ip: null },
      ...{ startedAt: app.clock.now(), seenAt: app.clock.now(), appliedAt: app.clock.now() },
      ...{ applied: null, boundMs: null, notReporting: 0, isLeaving: false },
    }))
  const serverCount = async () =>
    (await list()).data.filter(({ kind }: { kind: string }) => kind === 'server').length
  const countSdks = async () => ({
    rows: (await app.db.selectFrom('verifiers').select('id').where('kind', '=', 'sdk').execute()).length,
  })
})
