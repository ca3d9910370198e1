import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { addSeconds } from '../base/clock.ts'
import { rollUpUsage } from './usage-roll-up.store.ts'

let app: TestApp
before(async () => {
  app = await openTestApp()
})
after(() => app.close())

const DAY = 24 * 3600
let batches = 0
const item = (credential_id: string, more: object = {}) => {
  const now = app.clock.now().toISOString()
  return {
    ...{ credential_id, outcome: 'accepted', scope: 'orders:read', minute: now, last_at: now },
    ...{ count: 1, calls: 1, last_ip: '198.51.100.7', last_user_agent: 'curl/8', ...more },
  }
}
const report = async (...items: object[]) => {
  const body = { id: `batch_key_use_${++batches}`, items, exposed: [] }
  const { status, text } = await app.call('POST', '/v1/usage-batches', body)
  assert.equal(status, 200, text)
}
const read = async (path: string, as?: string) =>
  await app.call('GET', path, undefined, as === undefined ? {} : { as })
const secretsOf = async (keyId: string): Promise<string[]> =>
  (await read(`/v1/keys/${keyId}`)).body.secrets.map(({ id }: { id: string }) => id)
const aKey = async (ownerId = 'org_1', more: Record<string, unknown> = {}) => {
  const { id } = await app.keyFor(ownerId, more)
  const [secretId = ''] = await secretsOf(id)
  return { id, secretId }
}
const at = (seconds: number) => addSeconds(app.clock.now(), seconds).toISOString()

describe('the last addresses of a key', () => {
  const addresses = async (keyId: string) => (await read(`/v1/keys/${keyId}/addresses`)).body.data
  const ipsOf = async (keyId: string) => (await addresses(keyId)).map(({ ip }: { ip: string }) => ip)

  it('are the latest five, each with its last call; a refused one is an address too', async () => {
    const { id, secretId } = await aKey()
    for (let n = 1; n <= 7; n++) {
      app.clock.advance({ seconds: 1 })
      await report(item(secretId, { last_ip: `203.0.113.${n}` }))
    }
    app.clock.advance({ seconds: 1 })
    await report(
      item(secretId, { last_ip: '203.0.113.4', outcome: 'missing_scope', last_user_agent: 'node' }),
    )
    const [first, ...others] = await addresses(id)
    assert.deepEqual(first, {
      ...{ secret_id: secretId, ip: '203.0.113.4', user_agent: 'node', outcome: 'missing_scope' },
      ...{ hint: first.hint, at: app.clock.now().toISOString() },
    })
    assert.match(first.hint, /^sk_live_.{4}…$/)
    assert.deepEqual(
      others.map(({ ip }: { ip: string }) => ip),
      [7, 6, 5, 3].map((n) => `203.0.113.${n}`),
    )
  })

  it('stay five for a caller with very many, in one batch and in many; of a batch in any order the latest', async () => {
    const { id, secretId } = await aKey()
    const flood = Array.from({ length: 2_000 }, (_, n) =>
      item(secretId, { last_ip: `2001:db8::${n.toString(16)}`, last_at: at(-n), outcome: 'ip_not_allowed' }),
    )
    await report(...flood)
    assert.deepEqual(
      await ipsOf(id),
      [0, 1, 2, 3, 4].map((n) => `2001:db8::${n}`),
    )
    for (let n = 0; n < 20; n++) await report(item(secretId, { last_ip: `198.51.100.${n}`, last_at: at(n) }))
    const stored = app.db.selectFrom('last_addresses').select('ip').where('secret_id', '=', secretId)
    assert.equal((await stored.execute()).length, 5)
  })

  it('are written once a minute for a caller that goes on in the same way', async () => {
    const { id, secretId } = await aKey()
    const began = app.clock.now().toISOString()
    for (const seconds of [0, 20, 39]) {
      app.clock.advance({ seconds })
      await report(item(secretId))
    }
    assert.deepEqual((await addresses(id))[0].at, began)
    app.clock.advance({ seconds: 1 })
    await report(item(secretId))
    assert.deepEqual((await addresses(id))[0].at, app.clock.now().toISOString())
  })

  it('are stored for keys only, and not where the address is unknown', async () => {
    const { client_id: clientId } = await app.clientFor('org_1')
    const { id, secretId } = await aKey()
    const before = await app.db.selectFrom('last_addresses').selectAll().execute()
    await report(item(clientId), item('sec_made_up'), item(secretId, { last_ip: null }))
    assert.deepEqual(await app.db.selectFrom('last_addresses').selectAll().execute(), before)
    assert.deepEqual(await addresses(id), [])
  })

  it('are deleted 90 days after the last call', async () => {
    const { id, secretId } = await aKey()
    await report(item(secretId))
    await rollUpUsage(app.db, addSeconds(app.clock.now(), 89 * DAY))
    assert.equal((await addresses(id)).length, 1)
    await rollUpUsage(app.db, addSeconds(app.clock.now(), 91 * DAY))
    assert.deepEqual(await addresses(id), [])
  })
})

describe('a running rotation', () => {
  it('KEY-11: shows the calls per minute of either secret, and a verdict with its reason', async () => {
    const { id, secretId: old } = await aKey()
    assert.equal((await read(`/v1/keys/${id}/rotation`)).body.code, 'no_rotation')
    app.clock.advance({ seconds: 1 })
    await app.call('POST', `/v1/keys/${id}/rotate`, { overlap_seconds: 30 * DAY })
    const [next = ''] = await secretsOf(id)
    await report(
      item(old, { count: 3, calls: 3 }),
      item(old, { scope: 'orders:write', count: 3, calls: 0 }),
      item(old, { outcome: 'missing_scope', minute: at(-120), last_at: at(-120) }),
      item(old, { minute: at(-3600), last_at: at(-3600), count: 50, calls: 50 }),
    )
    const { body: first } = await read(`/v1/keys/${id}/rotation`)
    assert.deepEqual(first.verdict, {
      ...{ safe_to_finish: false, code: 'new_secret_unused', at: null },
      reason: 'The new secret has not been used yet. Deploy it, or undo the rotation.',
    })
    const [oldUse, newUse] = first.secrets
    assert.deepEqual([oldUse.role, oldUse.id, newUse.role, newUse.id], ['old', old, 'new', next])
    assert.deepEqual([oldUse.calls_last_hour, oldUse.refused_last_hour], [3, 1])
    assert.deepEqual(
      oldUse.minutes.slice(-3).map(({ accepted, refused }: Record<string, number>) => [accepted, refused]),
      [
        [0, 1],
        [0, 0],
        [3, 0],
      ],
    )
    assert.deepEqual([oldUse.minutes.length, newUse.calls_last_hour], [60, 0])

    await report(item(next))
    const { body: second } = await read(`/v1/keys/${id}/rotation`)
    assert.deepEqual(
      [second.verdict.code, second.verdict.at],
      ['old_secret_in_use', app.clock.now().toISOString()],
    )
    app.clock.advance({ hours: 26 })
    const { body: third } = await read(`/v1/keys/${id}/rotation`)
    assert.deepEqual([third.verdict.code, third.verdict.safe_to_finish], ['old_secret_quiet', true])
    assert.match(third.verdict.reason, /has not been used for 26 hours\. It is safe to finish\.$/)
    const { rotation } = (await read(`/v1/keys/${id}`)).body
    assert.deepEqual([rotation.safe_to_finish, rotation.advice], [true, third.verdict.reason])
    await app.call('POST', `/v1/keys/${id}/rotation/finish`)
    assert.equal((await read(`/v1/keys/${id}/rotation`)).status, 409)
  })
})

describe('dead credentials in use', () => {
  interface Dead {
    readonly key_id: string
    readonly reason: string
    readonly since: string
    readonly calls_last_day: number
  }
  const dead = async (query = '', as?: string): Promise<{ data: Dead[]; next_cursor: string | null }> =>
    (await read(`/v1/dead-credentials${query}`, as)).body
  const reasons = async (query = '', as?: string) =>
    (await dead(query, as)).data.map(({ key_id, reason }) => `${key_id} ${reason}`)

  it('are listed latest first with caller, end and number of refusals, while they are still presented', async () => {
    const [revoked, disabled, expired, rotated, fine] = [
      await aKey('org_dead'),
      await aKey('org_dead'),
      await aKey('org_dead', { lifetime_seconds: 60 }),
      await aKey('org_dead'),
      await aKey('org_dead'),
    ]
    await app.call('POST', `/v1/keys/${revoked.id}/revoke`, { reason: 'leaked' })
    await app.call('POST', `/v1/keys/${disabled.id}/disable`)
    await app.call('POST', `/v1/keys/${rotated.id}/rotate`, { overlap_seconds: 0 })
    const ended = app.clock.now().toISOString()
    app.clock.advance({ seconds: 120 })
    const knock = async (secretId: string, outcome: string, more: object = {}) => {
      app.clock.advance({ seconds: 1 })
      await report(item(secretId, { outcome, ...more }))
    }
    await knock(fine.secretId, 'missing_scope')
    await knock(revoked.secretId, 'revoked', { count: 4, calls: 4, last_ip: '203.0.113.9' })
    await knock(disabled.secretId, 'disabled')
    await knock(expired.secretId, 'expired')
    await knock(rotated.secretId, 'rotated')
    await report(
      { ...item('x'), credential_id: null, outcome: 'unknown' },
      item('sec_x', { outcome: 'revoked' }),
    )

    const { data } = await dead('?owner_id=org_dead')
    assert.deepEqual(
      data.map(({ key_id, reason }) => `${key_id} ${reason}`),
      [`${rotated.id} rotated`, `${expired.id} expired`, `${disabled.id} disabled`, `${revoked.id} revoked`],
    )
    const { hint, key_name: name, last_at: lastAt, ...last } = data[3] as Dead & Record<string, unknown>
    assert.deepEqual(last, {
      ...{ key_id: revoked.id, owner_id: 'org_dead', environment: 'live', secret_id: revoked.secretId },
      ...{ reason: 'revoked', since: ended, last_ip: '203.0.113.9', last_user_agent: 'curl/8' },
      calls_last_day: 4,
    })
    assert.deepEqual([typeof hint, name, typeof lastAt], ['string', 'a key', 'string'])

    const pages: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const more = cursor === '' ? '' : `&cursor=${cursor}`
      const page: Awaited<ReturnType<typeof dead>> = await dead(`?owner_id=org_dead&limit=1${more}`)
      pages.push(...page.data.map((each) => each.reason))
      cursor = page.next_cursor
    }
    assert.deepEqual(pages, ['rotated', 'expired', 'disabled', 'revoked'])

    await app.call('POST', `/v1/keys/${disabled.id}/enable`)
    const later = app.clock.now()
    app.clock.advance({ hours: 25 })
    assert.deepEqual(await reasons('?owner_id=org_dead'), [
      `${rotated.id} rotated`,
      `${expired.id} expired`,
      `${revoked.id} revoked`,
    ])
    assert.equal((await dead('?owner_id=org_dead')).data[2]?.calls_last_day, 0)
    assert.deepEqual(await reasons(`?owner_id=org_dead&since=${addSeconds(later, 1).toISOString()}`), [])
    app.clock.advance({ days: 6 })
    assert.deepEqual(await reasons('?owner_id=org_dead'), [])
  })

  it('MGT-02: shows a caller that is bound to an owner that owner’s only', async () => {
    const ours = await aKey('org_b')
    const theirs = await aKey('org_c')
    for (const { id, secretId } of [ours, theirs]) {
      await app.call('POST', `/v1/keys/${id}/revoke`)
      await report(item(secretId, { outcome: 'revoked' }))
    }
    const bound = await app.adminKeyWith(['keys:read'], 'org_b')
    assert.deepEqual(await reasons('', bound), [`${ours.id} revoked`])
    assert.deepEqual(await dead('?owner_id=org_c', bound), { data: [], next_cursor: null })
    assert.deepEqual(await reasons('?owner_id=org_c'), [`${theirs.id} revoked`])
    for (const path of ['addresses', 'rotation', 'scope-use']) {
      const [foreign, missing] = [
        await read(`/v1/keys/${theirs.id}/${path}`, bound),
        await read(`/v1/keys/key_none/${path}`, bound),
      ]
      assert.deepEqual([foreign.status, missing.status], [404, 404])
    }
  })
})

describe('what will stop', () => {
  it('KEY-10: with a key: its calls in the last day, their scopes and addresses', async () => {
    const { id, secretId } = await aKey('org_stop')
    await report(item(secretId, { count: 9, calls: 9 }))
    app.clock.advance({ days: 2 })
    await report(
      item(secretId, { count: 40, calls: 40 }),
      item(secretId, { count: 2, calls: 2, outcome: 'missing_scope', scope: 'orders:write' }),
    )
    const { body } = await read(`/v1/keys/${id}/impact`)
    assert.deepEqual(body.calls, { accepted: 40, refused: 2 })
    assert.deepEqual(body.outcomes, [
      { outcome: 'accepted', calls: 40 },
      { outcome: 'missing_scope', calls: 2 },
    ])
    assert.deepEqual(body.scopes, [{ scope: 'orders:read', count: 40 }])
    assert.deepEqual(
      body.addresses.map(({ ip }: { ip: string }) => ip),
      ['198.51.100.7'],
    )
    assert.equal(body.last_used_at, app.clock.now().toISOString())
    const bound = await app.adminKeyWith(['keys:read', 'owners:read'], 'org_elsewhere')
    assert.equal((await read(`/v1/keys/${id}/impact`, bound)).status, 404)
    assert.equal((await read('/v1/owners/org_stop/impact', bound)).status, 404)
  })

  it('KEY-10: with an owner: the calls of its keys, the busiest first', async () => {
    const [idle, busy] = [await aKey('org_stopped'), await aKey('org_stopped')]
    await report(item(busy.secretId, { count: 7, calls: 7 }))
    const { body } = await read('/v1/owners/org_stopped/impact')
    assert.deepEqual(body.calls, { accepted: 7, refused: 0 })
    assert.deepEqual(body.keys.live, { count: 2, at_least: false })
    assert.deepEqual(
      body.busiest.map((key: { id: string; calls_last_day: number }) => [key.id, key.calls_last_day]),
      [
        [busy.id, 7],
        [idle.id, 0],
      ],
    )
  })
})
