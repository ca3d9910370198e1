import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'

const BURST = { name: 'burst', limit: 100, window_seconds: 60 }
const DAILY = { limit: 1000, period: 'day' }

describe('limits of keys and owners, as they are set', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
  })
  after(() => app.close())

  const limitsOf = async (path: string) => {
    const { body } = await app.call('GET', path)
    return { rate_limits: body.rate_limits, quota: body.quota }
  }

  it('VER-07: 0, null and missing are three cases: at creation', async () => {
    const rows: [asked: object, quota: unknown][] = [
      [{}, null],
      [{ quota: null }, null],
      [{ quota: { limit: 0, period: 'day' } }, { limit: 0, period: 'day' }],
    ]
    for (const [asked, quota] of rows) {
      const { id } = await app.keyFor('org_three', { ...asked })
      assert.deepEqual(await limitsOf(`/v1/keys/${id}`), { rate_limits: [], quota })
    }
  })

  it('VER-07: 0, null and missing are three cases: in a change, of a key and of an owner', async () => {
    const { id } = await app.keyFor('org_change', { rate_limits: [BURST], quota: DAILY })
    await app.call('PATCH', '/v1/owners/org_change', { rate_limits: [BURST], quota: DAILY })
    for (const path of [`/v1/keys/${id}`, '/v1/owners/org_change']) {
      const change = async (body: object) => {
        const answer = await app.call('PATCH', path, body)
        assert.equal(answer.status, 200, answer.text)
        const { rate_limits, quota } = answer.body
        assert.deepEqual(await limitsOf(path), { rate_limits, quota })
        return [rate_limits, quota]
      }
      assert.deepEqual(await change({ name: 'other' }), [[BURST], DAILY])
      assert.deepEqual(await change({ quota: { limit: 0, period: 'month' } }), [
        [BURST],
        { limit: 0, period: 'month' },
      ])
      assert.deepEqual(await change({ quota: null }), [[BURST], null])
      assert.deepEqual(await change({ rate_limits: [], quota: DAILY }), [[], DAILY])
    }
  })

  it('refuses limits that make no sense, and changes nothing', async () => {
    const { id } = await app.keyFor('org_wrong', { rate_limits: [BURST] })
    const wrong: object[] = [
      { rate_limits: [BURST, { ...BURST, limit: 1 }] },
      { rate_limits: Array.from({ length: 6 }, (_, n) => ({ ...BURST, name: `n${n}` })) },
      { rate_limits: [{ ...BURST, name: 'Burst' }] },
      { rate_limits: [{ ...BURST, name: 'a'.repeat(33) }] },
      { rate_limits: [{ ...BURST, limit: 0 }] },
      { rate_limits: [{ ...BURST, limit: 1.5 }] },
      { rate_limits: [{ ...BURST, window_seconds: 86_401 }] },
      { rate_limits: [{ ...BURST, more: 1 }] },
      { rate_limits: null },
      { quota: { limit: -1, period: 'day' } },
      { quota: { limit: 1, period: 'week' } },
      { quota: 5 },
    ]
    for (const body of wrong)
      for (const path of [`/v1/keys/${id}`, '/v1/owners/org_wrong'])
        assert.equal((await app.call('PATCH', path, body)).status, 400, JSON.stringify(body))
    assert.deepEqual(await limitsOf(`/v1/keys/${id}`), { rate_limits: [BURST], quota: null })
    assert.deepEqual(await limitsOf('/v1/owners/org_wrong'), { rate_limits: [], quota: null })
  })

  it('the audit log holds the limits that were set, and no others', async () => {
    const { id } = await app.keyFor('org_told', { quota: DAILY })
    await app.call('PATCH', `/v1/keys/${id}`, { rate_limits: [BURST] })
    for (const quota of [DAILY, null, null]) await app.call('PATCH', '/v1/owners/org_told', { quota })
    const { body } = await app.call('GET', '/v1/audit-events?owner_id=org_told')
    const details = body.data.map(
      ({ action, detail }: { action: string; detail: Record<string, unknown> }) => [
        action,
        detail.rate_limits,
        detail.quota,
      ],
    )
    assert.deepEqual(details, [
      ['owner.changed', undefined, null],
      ['owner.changed', undefined, DAILY],
      ['key.changed', [BURST], undefined],
      ['key.created', [], DAILY],
    ])
  })

  it('verifiers are notified of an owner whose limits change, not of its name or address', async () => {
    await app.keyFor('org_heard')
    const announced = async () =>
      (await app.db.selectFrom('changes_head').select('position').executeTakeFirstOrThrow()).position
    const before = await announced()
    for (const change of [{ name: 'A name' }, { notice_contacts: ['ops@example.com'] }, {}])
      assert.equal((await app.call('PATCH', '/v1/owners/org_heard', change)).status, 200)
    assert.equal(await announced(), before)
    for (const change of [
      { name: 'Another', quota: DAILY },
      { quota: DAILY },
      { rate_limits: [] },
      { quota: null },
    ])
      assert.equal((await app.call('PATCH', '/v1/owners/org_heard', change)).status, 200)
    assert.equal(await announced(), before + 2)
  })

  it('KEY-11: a rotated key keeps its limits', async () => {
    const { id } = await app.keyFor('org_rotated', { rate_limits: [BURST], quota: DAILY })
    assert.equal((await app.call('POST', `/v1/keys/${id}/rotate`, { overlap_seconds: 60 })).status, 200)
    assert.deepEqual(await limitsOf(`/v1/keys/${id}`), { rate_limits: [BURST], quota: DAILY })
  })
})
