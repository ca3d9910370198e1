import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openTestApp, type TestAnswer, type TestApp } from '../../test/app.ts'
import { eventually } from '../../test/eventually.ts'
import { addSeconds } from '../base/clock.ts'
import { dateByPolicy } from '../owners/date-by-policy.ts'
import { NO_RULES, type RuleName } from '../owners/policy.ts'
import { toRuleFields } from '../owners/policy-fields.ts'
import { shortenByPolicy } from '../owners/shorten-by-policy.ts'
import { dateUnusedKeys, disableByPolicy } from './disable-by-policy.ts'

const DAY = 86_400
const NONE = toRuleFields(NO_RULES)
const NONE_OWN = Object.fromEntries(Object.keys(NONE).map((name) => [name, null]))

describe('rules that disable keys', () => {
  let app: TestApp
  let provider: string
  before(async () => {
    app = await openTestApp()
    for (const name of ['orders:read', 'orders:write'])
      await app.call('POST', '/v1/scopes', { name, description: 'Orders' })
    provider = app.adminKey
  })
  after(() => app.close())

  let owners = 0
  /** The owner whose own rules are set; null: those of the environment. */
  let own: string | null = null
  const newOwner = () => {
    if (own !== null) return own
    owners += 1
    return `org_${owners}`
  }
  /** Runs with the rules of a new owner instead of the environment's. */
  const asOwn = async (run: () => Promise<void>) => {
    const { owner_id, id } = await made()
    await act(id, 'revoke')
    own = owner_id
    await run().finally(() => {
      own = null
    })
  }
  const create = (more: object = {}, as = provider) =>
    app.call(
      'POST',
      '/v1/keys',
      { owner_id: newOwner(), name: 'a', environment: 'live', scopes: ['orders:read'], ...more },
      { as },
    )
  const made = async (more: object = {}) => {
    const answer = await create(more)
    assert.equal(answer.status, 201, answer.text)
    return answer.body as { id: string; secret: string; owner_id: string }
  }
  const policy = async () => (await app.call('GET', '/v1/policies/live')).body
  /** Sets the rules, and waits until they have reached what exists. */
  const set = async (rules: object, more: object = {}) => {
    const [url, none] = own === null ? ['/v1/policies/live', NONE] : [`/v1/owners/${own}`, NONE_OWN]
    const answer = await app.call('PATCH', url, { ...none, ...rules, ...more })
    assert.equal(answer.status, 200, answer.text)
    if (own !== null) return
    await eventually(async () => {
      await shortenByPolicy(app.db, app.clock.now())
      await dateByPolicy(app.db, app.clock.now())
      const { shortening, dating } = await policy()
      return `${[shortening, dating].some((walk) => walk?.finished_at === null)}`
    }, 'false')
  }
  const jobs = async () => {
    await dateUnusedKeys(app.db, app.clock.now())
    await disableByPolicy(app.db, app.clock.now())
  }
  const read = async (id: string) => (await app.call('GET', `/v1/keys/${id}`)).body
  const act = (id: string, verb: string, body?: object) => app.call('POST', `/v1/keys/${id}/${verb}`, body)
  const verdict = async (secret: string) => {
    const { body } = await app.call('POST', '/v1/verify', { credential: secret, dry_run: true })
    return body.valid ? 'valid' : body.refusal.reason
  }
  const becomes = (secret: string, reason: string) => eventually(() => verdict(secret), reason)
  const inDays = (days: number) => addSeconds(app.clock.now(), days * DAY).toISOString()
  const use = async (secret: string, id: string) => {
    await app.call('POST', '/v1/verify', { credential: secret })
    await eventually(async () => `${(await read(id)).last_used_at}`, app.clock.now().toISOString())
  }

  interface Row {
    /** The refusal of a request under the rule; null: the rule refuses none by itself. */
    readonly refuses: readonly [code: string, act: () => Promise<TestAnswer>] | null
    readonly rules: object
    /** Brings a key to where the rule has stopped it; null: what a key has, it keeps. */
    readonly stops: readonly [reason: string, stop: () => Promise<{ secret: string }>] | null
  }
  /** The compiler asks for a row for each rule. */
  const EVERY_RULE: Readonly<Record<RuleName, Row>> = {
    maxLifetimeSeconds: {
      rules: { max_lifetime_seconds: 60 * DAY },
      refuses: ['lifetime_too_long', () => create({ lifetime_seconds: 60 * DAY + 1 })],
      stops: [
        'expired',
        async () => {
          const key = await made()
          app.clock.advance({ days: 61 })
          await set({ max_lifetime_seconds: 60 * DAY }, { apply_at_once: true })
          return key
        },
      ],
    },
    defaultLifetimeSeconds: {
      rules: { default_lifetime_seconds: DAY },
      refuses: null,
      stops: [
        'expired',
        async () => {
          await set({ default_lifetime_seconds: DAY })
          const key = await made()
          app.clock.advance({ days: 1 })
          return key
        },
      ],
    },
    neverExpiresAllowed: {
      rules: { never_expires_allowed: false, default_lifetime_seconds: DAY },
      refuses: ['never_expires_not_allowed', () => create({ expires_at: null })],
      stops: null,
    },
    maxOverlapSeconds: {
      rules: { max_overlap_seconds: 3600 },
      refuses: [
        'overlap_too_long',
        async () => await act((await made()).id, 'rotate', { overlap_seconds: 3601 }),
      ],
      stops: [
        'rotated',
        async () => {
          await set({ max_overlap_seconds: 3600 })
          const key = await made()
          await act(key.id, 'rotate', {})
          app.clock.advance({ seconds: 3600 })
          return key
        },
      ],
    },
    maxKeys: {
      rules: { max_keys: 0 },
      refuses: ['too_many_keys', () => create()],
      stops: null,
    },
    ipAllowlistRequired: {
      rules: { ip_allowlist_required: true },
      refuses: ['ip_allowlist_required', () => create()],
      stops: [
        'disabled',
        async () => {
          const key = await made()
          await set({ ip_allowlist_required: true })
          app.clock.advance({ days: 30 })
          return key
        },
      ],
    },
    allowedScopes: {
      rules: { allowed_scopes: ['orders:write'] },
      refuses: ['scope_not_allowed', () => create()],
      stops: null,
    },
    ownerAllowedScopes: {
      rules: { owner_allowed_scopes: ['orders:write'] },
      refuses: [
        'scope_not_allowed',
        async () => {
          const ownerId = newOwner()
          return await create(
            { owner_id: ownerId },
            await app.adminKeyWith(['keys:read', 'keys:write'], ownerId),
          )
        },
      ],
      stops: null,
    },
    rotateEveryDays: {
      rules: { rotate_every_days: 90 },
      refuses: [
        'rotation_required',
        async () => {
          const key = await made()
          app.clock.advance({ days: 120 })
          await jobs()
          return await act(key.id, 'enable')
        },
      ],
      stops: [
        'disabled',
        async () => {
          await set({ rotate_every_days: 90 })
          const key = await made()
          app.clock.advance({ days: 120 })
          return key
        },
      ],
    },
    // It is told of, and refuses nothing.
    noticeTiers: { rules: { notice_tiers: [] }, refuses: null, stops: null },
    disableUnusedAfterDays: {
      rules: { disable_unused_after_days: 90 },
      refuses: null,
      stops: [
        'disabled',
        async () => {
          await set({ disable_unused_after_days: 90 })
          const key = await made()
          app.clock.advance({ days: 90 })
          await jobs()
          app.clock.advance({ days: 31 })
          await jobs()
          return key
        },
      ],
    },
  }
  const EITHER = [
    ['', (run: () => Promise<void>) => run()],
    [' as a rule of the owner’s own', asOwn],
  ] as const
  for (const [name, { rules, refuses, stops }] of Object.entries(EVERY_RULE))
    for (const [whose, within] of EITHER) {
      if (refuses !== null)
        it(`KEY-09: ${name}${whose} refuses, and names itself`, () =>
          within(async () => {
            const [code, attempt] = refuses
            await set(rules)
            const answer = await attempt()
            assert.deepEqual([answer.status >= 400, answer.body.code], [true, code], answer.text)
            const [field] = Object.keys(rules)
            assert.match(answer.body.detail, new RegExp(`\\(\`${field}\`\\)`))
            await set({})
          }))
      if (stops !== null)
        it(`KEY-09: a key that ${name}${whose} has stopped is refused, and stays so when the rule is lifted`, () =>
          within(async () => {
            const [reason, stop] = stops
            await set({})
            const { secret } = await stop()
            await becomes(secret, reason)
            await set({})
            await jobs()
            assert.equal(await verdict(secret), reason)
          }))
    }

  it('KEY-09: a key is due for rotation, then refused at the very second, and its rotation makes it usable', async () => {
    await set({ rotate_every_days: 90 })
    const key = await made()
    const { rotation_due_at, disables_at, disables_by } = await read(key.id)
    assert.deepEqual(
      [rotation_due_at, disables_at, disables_by],
      [inDays(90), inDays(120), 'rotate_every_days'],
    )
    const due = async () => {
      const { body } = await app.call(
        'GET',
        `/v1/keys?rotation_due_before=${inDays(0)}&owner_id=${key.owner_id}`,
      )
      return body.data.map(({ id }: { id: string }) => id)
    }
    assert.deepEqual(await due(), [])
    app.clock.advance({ days: 90, ms: 1 })
    assert.deepEqual(await due(), [key.id])
    app.clock.advance({ ms: 30 * DAY * 1000 - 2 })
    assert.equal(await verdict(key.secret), 'valid')
    app.clock.advance({ ms: 1 })
    // By comparison: `expired` from the cache, `disabled` where it was looked up again.
    assert.match(await verdict(key.secret), /^(expired|disabled)$/)
    const { state, ...at } = await read(key.id)
    assert.deepEqual([state, at.disabled_by, at.disabled_at], ['disabled', disables_by, disables_at])
    await jobs()
    await becomes(key.secret, 'disabled')
    const stopped = await read(key.id)
    assert.deepEqual([stopped.state, stopped.disabled_by], ['disabled', disables_by])
    assert.equal(stopped.disables_at, null)
    assert.equal((await act(key.id, 'enable')).body.code, 'rotation_required')
    const rotated = await act(key.id, 'rotate', {})
    assert.deepEqual([rotated.status, rotated.body.rotation_due_at], [200, inDays(90)], rotated.text)
    assert.equal((await act(key.id, 'enable')).status, 200)
    await becomes(rotated.body.secret, 'valid')
    const undone = await act(key.id, 'rotation/undo')
    assert.equal(undone.body.code, 'rotation_required')
    const { body } = await app.call('GET', `/v1/audit-events?action=key.disabled&target_id=${key.id}`)
    assert.deepEqual(body.data[0].detail, { rule: 'rotate_every_days', stated_at: disables_at })
    assert.equal(body.data[0].actor.kind, 'system')
    await set({})
  })

  it('KEY-09: existing keys get a date that is 30 days ahead, or none if the operator insists; a dry run says which', async () => {
    await set({})
    const [old, listed] = [await made({ name: 'old' }), await made({ ip_allowlist: ['10.0.0.0/8'] })]
    app.clock.advance({ days: 400 })
    const young = await made({ name: 'young' })
    const tight = { rotate_every_days: 90, ip_allowlist_required: true }
    const preview = async (more: object = {}) => {
      const { body } = await app.call('PATCH', '/v1/policies/live', { ...tight, ...more, dry_run: true })
      return body.effect.keys_disabled.map(
        ({
          rule,
          at_once,
          counted_fully,
          first,
        }: {
          rule: string
          at_once: number
          counted_fully: boolean
          first: { id: string; disables_at: string }[]
        }) => [
          rule,
          at_once > 0,
          counted_fully,
          first
            .filter(({ id }) => [old.id, young.id, listed.id].includes(id))
            .map(({ id, disables_at }) => [id, disables_at]),
        ],
      )
    }
    const byId = ([one]: [string, string], [other]: [string, string]) => (one < other ? -1 : 1)
    const sorted = (found: [string, boolean, boolean, [string, string][]][]) =>
      found.map(([rule, atOnce, isAll, first]) => [rule, atOnce, isAll, first.toSorted(byId)])
    const of = (...keys: [{ id: string }, number][]) =>
      keys.map(([{ id }, days]) => [id, inDays(days)] as [string, string]).toSorted(byId)
    assert.deepEqual(sorted(await preview()), [
      ['rotate_every_days', false, true, of([old, 30], [listed, 30], [young, 120])],
      ['ip_allowlist_required', false, true, of([old, 30], [young, 30])],
    ])
    assert.deepEqual(sorted(await preview({ apply_at_once: true })), [
      ['rotate_every_days', true, true, of([old, 0], [listed, 0], [young, 120])],
      ['ip_allowlist_required', true, true, of([old, 0], [young, 0])],
    ])
    assert.equal((await read(old.id)).disables_at, null)
    await set(tight)
    assert.deepEqual((await policy()).dating.keys_dated > 0, true)
    assert.deepEqual(
      [
        (await read(old.id)).disables_at,
        (await read(listed.id)).disables_by,
        (await read(young.id)).disables_by,
      ],
      [inDays(30), 'rotate_every_days', 'ip_allowlist_required'],
    )
    const before = (await read(old.id)).disables_at
    app.clock.advance({ days: 10 })
    // A rule that gets tighter again puts off nothing, one that is lifted takes the dates that have not come.
    await set({ ...tight, rotate_every_days: 60 })
    assert.equal((await read(old.id)).disables_at, before)
    const given = await app.call('PATCH', `/v1/keys/${young.id}`, { ip_allowlist: ['127.0.0.0/8'] })
    assert.deepEqual([given.status, given.body.disables_by], [200, 'rotate_every_days'], given.text)
    await set({ rotate_every_days: 60 })
    assert.equal((await read(old.id)).disables_by, 'rotate_every_days')
    await set({})
    assert.equal((await read(old.id)).disables_at, null)
    assert.equal(await verdict(old.secret), 'valid')
    await set({ ip_allowlist_required: true }, { apply_at_once: true })
    await becomes(old.secret, 'disabled')
    await jobs()
    assert.equal((await act(old.id, 'enable')).body.code, 'ip_allowlist_required')
    await app.call('PATCH', `/v1/keys/${old.id}`, { ip_allowlist: ['127.0.0.0/8'] })
    assert.equal((await act(old.id, 'enable')).status, 200)
    await set({})
  })

  it('KEY-09: an unused key gets a date, a use cancels it, also one that is reported a day late', async () => {
    await set({ disable_unused_after_days: 90 })
    const [used, late, unused] = [await made(), await made(), await made()]
    app.clock.advance({ days: 90 })
    await jobs()
    for (const { id } of [used, late, unused])
      assert.deepEqual(
        [(await read(id)).disables_at, (await read(id)).disables_by],
        [inDays(30), 'disable_unused_after_days'],
      )
    app.clock.advance({ days: 29 })
    await use(used.secret, used.id)
    assert.equal((await read(used.id)).disables_at, null)
    app.clock.advance({ seconds: 2 * DAY - 1 })
    await jobs()
    assert.equal((await read(unused.id)).state, 'active')
    await use(late.secret, late.id)
    app.clock.advance({ seconds: 1 })
    await jobs()
    assert.deepEqual(
      [(await read(used.id)).state, (await read(late.id)).state, (await read(unused.id)).state],
      ['active', 'active', 'disabled'],
    )
    assert.equal((await read(unused.id)).disabled_by, 'disable_unused_after_days')
    assert.equal((await act(unused.id, 'enable')).status, 200)
    await jobs()
    assert.equal((await read(unused.id)).disables_at, inDays(30))
    await set({})
    assert.equal((await read(unused.id)).disables_at, null)
  })
})
