import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { eventually } from '../../test/eventually.ts'
import { addSeconds } from '../base/clock.ts'
import { dateByPolicy } from '../owners/date-by-policy.ts'
import { NO_RULES } from '../owners/policy.ts'
import { toRuleFields } from '../owners/policy-fields.ts'
import { dateUnusedKeys, disableByPolicy } from './disable-by-policy.ts'

const DAY = 86_400
const NONE = toRuleFields(NO_RULES)

describe('an owner’s own rules', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
  })
  after(() => app.close())

  let owners = 0
  const made = async () => {
    owners += 1
    const owner_id = `org_${owners}`
    return { owner_id, ...(await app.keyFor(owner_id, { scopes: [] })) }
  }
  const inDays = (days: number) => addSeconds(app.clock.now(), days * DAY).toISOString()
  const read = async (id: string) => (await app.call('GET', `/v1/keys/${id}`)).body
  const jobs = async () => {
    await dateUnusedKeys(app.db, app.clock.now())
    await disableByPolicy(app.db, app.clock.now())
  }
  const patch = async (url: string, change: object) => {
    const answer = await app.call('PATCH', url, change)
    assert.equal(answer.status, 200, answer.text)
    return answer.body
  }
  const setOwn = (ownerId: string, change: object) => patch(`/v1/owners/${ownerId}`, change)
  /** Sets the rules of the environment, and waits until they have reached what exists. */
  const set = async (rules: object, base: object = NONE) => {
    await patch('/v1/policies/live', { ...base, ...rules })
    await eventually(async () => {
      await dateByPolicy(app.db, app.clock.now())
      const { dating } = (await app.call('GET', '/v1/policies/live')).body
      return `${dating?.finished_at === null}`
    }, 'false')
  }
  const verdict = async (secret: string) => {
    const { body } = await app.call('POST', '/v1/verify', { credential: secret, dry_run: true })
    return body.valid ? 'valid' : body.refusal.reason
  }
  const becomes = (secret: string, reason: string) => eventually(() => verdict(secret), reason)

  it('KEY-09: an owner’s laxer rules take the dates of its keys; back under the environment’s they are the notice ahead', async () => {
    const tight = { rotate_every_days: 90, ip_allowlist_required: true, disable_unused_after_days: 100 }
    await set({})
    const [key, other] = [await made(), await made()]
    await set(tight)
    const dates = async () => [(await read(key.id)).disables_at, (await read(key.id)).disables_by]
    assert.deepEqual(await dates(), [inDays(30), 'ip_allowlist_required'])
    const lax = { rotate_every_days: 3650, ip_allowlist_required: false, disable_unused_after_days: 3650 }
    await setOwn(key.owner_id, lax)
    assert.deepEqual(await dates(), [inDays(3680), 'rotate_every_days'])
    // The environment's rules are changed again, and reach others only.
    await set({ ...tight, rotate_every_days: 60 })
    assert.deepEqual(await dates(), [inDays(3680), 'rotate_every_days'])
    app.clock.advance({ days: 200 })
    await jobs()
    assert.deepEqual([await verdict(key.secret), await verdict(other.secret)], ['valid', 'disabled'])

    const back = Object.fromEntries(Object.keys(lax).map((name) => [name, null]))
    const preview = async (more: object = {}) => {
      const { keys_disabled: found } = await setOwn(key.owner_id, { ...back, ...more, dry_run: true })
      return found
        .map(
          ({
            rule,
            keys,
            at_once,
            first,
          }: Record<string, unknown> & { first: { disables_at: string }[] }) => [
            rule,
            keys,
            at_once,
            first[0]?.disables_at,
          ],
        )
        .toSorted()
    }
    assert.deepEqual(await preview(), [
      ['disable_unused_after_days', 1, 0, inDays(30)],
      ['ip_allowlist_required', 1, 0, inDays(30)],
      ['rotate_every_days', 1, 0, inDays(30)],
    ])
    assert.deepEqual(
      (await preview({ apply_at_once: true })).map(([rule, , atOnce]: unknown[]) => [rule, atOnce]),
      [
        ['disable_unused_after_days', 0],
        ['ip_allowlist_required', 1],
        ['rotate_every_days', 1],
      ],
    )
    assert.deepEqual(await dates(), [inDays(3480), 'rotate_every_days'])
    await setOwn(key.owner_id, back)
    assert.deepEqual((await dates())[0], inDays(30))
    // A later walk keeps that, though the environment's own notice has long passed.
    await set({ disable_unused_after_days: 99 }, {})
    assert.deepEqual((await dates())[0], inDays(30))
    app.clock.advance({ days: 30 })
    await becomes(key.secret, 'disabled')
    await setOwn(key.owner_id, lax)
    await jobs()
    assert.equal(await verdict(key.secret), 'disabled')
    await set({})
  })

  it('KEY-09: a limit of days without use that gets laxer takes the date away, of the environment or of an owner', async () => {
    const key = await made()
    const date = async () => (await read(key.id)).disables_at
    await set({ disable_unused_after_days: 90 })
    app.clock.advance({ days: 100 })
    await jobs()
    const stated = inDays(30)
    assert.equal(await date(), stated)
    await set({ disable_unused_after_days: 95 })
    assert.equal(await date(), stated)
    await set({ disable_unused_after_days: 180 })
    assert.equal(await date(), null)
    await set({ disable_unused_after_days: 90 })
    await jobs()
    await setOwn(key.owner_id, { disable_unused_after_days: 99 })
    assert.equal(await date(), stated)
    await setOwn(key.owner_id, { disable_unused_after_days: 101 })
    await jobs()
    assert.equal(await date(), null)
    await set({})
  })

  it('KEY-09: what exists has as long as the longest notice, of the environment or of an owner', async () => {
    await set({})
    const key = await made()
    app.clock.advance({ days: 100 })
    for (const [tiers, ownTiers, days] of [
      [null, null, 30],
      [[], null, 30],
      [[3, 1], null, 3],
      [[60, 7], null, 60],
      [[3], [45], 45],
    ] as const) {
      await setOwn(key.owner_id, { notice_tiers: ownTiers })
      await set({ rotate_every_days: 10, notice_tiers: tiers })
      assert.equal((await read(key.id)).disables_at, inDays(days), JSON.stringify([tiers, ownTiers]))
      await set({})
    }
    const { keys_disabled } = await setOwn(key.owner_id, { rotate_every_days: 10, dry_run: true })
    assert.equal(keys_disabled[0].first[0].disables_at, inDays(45))
    await setOwn(key.owner_id, { notice_tiers: null })
  })
})
