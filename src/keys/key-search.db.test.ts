import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { findKey } from './key.store.ts'
import { KEY_STATES, type Key, type KeyState, lastUse, stateOf } from './key.ts'
import { countKeys } from './key-counts.store.ts'
import { KEY_SORTS, type KeyFilter, type KeyPosition, type KeySort, statesAskedFor } from './key-filter.ts'
import { lapseKeys, refreshKeyHints } from './key-hints.store.ts'
import { listKeys } from './key-list.store.ts'

const DAY = 86_400_000

describe('finding keys', () => {
  let app: TestApp
  let bound: string
  let creator: string
  const made: { id: string; secret: string }[] = []
  before(async () => {
    app = await openTestApp()
    bound = await app.adminKeyWith(['keys:read', 'keys:write'], 'org_0')
    const ok = async (method: string, url: string, body?: object, as?: string) => {
      const answer = await app.call(method, url, body, as === undefined ? {} : { as })
      assert.ok(answer.status < 300, answer.text)
      return answer.body
    }
    for (const name of ['orders:read', 'orders:write', 'rare:read'])
      await ok('POST', '/v1/scopes', { name, description: name })
    const names = ['nightly export', 'Nightly sync', 'äußerst wichtig', 'EXPORT', 'zz', '100% _done_', 'näh']
    for (let at = 0; at < 84; at++) {
      const owner = `org_${at % 3}`
      const body = {
        owner_id: owner,
        name: `${names[at % names.length]}${at % 4 === 0 ? ` ${at}` : ''}`,
        environment: at % 5 === 0 ? 'test' : 'live',
        scopes: at === 40 ? ['rare:read'] : at % 2 === 0 ? ['orders:read', 'orders:write'] : ['orders:write'],
        ...(at % 3 === 1
          ? { expires_at: new Date(app.clock.now().getTime() + (at % 9) * 3 * DAY + DAY).toISOString() }
          : {}),
      }
      made.push(await ok('POST', '/v1/keys', body, owner === 'org_0' && at % 2 === 0 ? bound : undefined))
      if (at % 6 !== 0) app.clock.advance({ hours: 5 })
      const key = made[Math.floor(at / 2)]
      if (at % 4 === 1 && key !== undefined) {
        const [secret] = (await ok('GET', `/v1/keys/${key.id}`)).secrets
        const at = app.clock.now().toISOString()
        const counted = { outcome: 'accepted', scope: '', minute: at, count: 1, calls: 1, last_at: at }
        const items = [{ ...counted, credential_id: secret.id, last_ip: null, last_user_agent: null }]
        await ok('POST', '/v1/usage-batches', { id: `batch_${key.id}`, items, exposed: [] })
      }
    }
    await app.db.transaction().execute((tx) => lapseKeys(tx, app.clock.now(), 1_000_000))
    await refreshKeyHints(app.db)
    for (const at of [3, 10, 31, 62]) await ok('POST', `/v1/keys/${made[at]?.id}/disable`)
    for (const at of [4, 11, 32, 33]) await ok('POST', `/v1/keys/${made[at]?.id}/revoke`)
    await ok('POST', '/v1/owners/org_2/suspend', { reason: 'test' })
    // Some have expired since, and are not marked.
    app.clock.advance({ days: 6 })
    creator = (await ok('GET', `/v1/keys/${made[0]?.id}`)).created_by
  })
  after(() => app.close())

  const everyKey = async (): Promise<Key[]> => {
    const keys = await Promise.all(made.map(({ id }) => findKey(app.db, 'every_owner', id)))
    return keys.filter((key) => key !== undefined)
  }
  const dayOfUse = (key: Key) => Math.floor(Number(lastUse(key)?.lastUsedAt ?? 0) / DAY)
  const endOf = (key: Key) => Math.max(...key.secrets.map(({ expiresAt }) => Number(expiresAt ?? Infinity)))
  const lower = (text: string) => text.toLowerCase()
  const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
  const orders: Record<KeySort, (a: Key, b: Key) => number> = {
    created: (a, b) => Number(b.createdAt) - Number(a.createdAt) || byBytes(b.id, a.id),
    last_used: (a, b) => dayOfUse(b) - dayOfUse(a) || orders.created(a, b),
    expires: (a, b) => (endOf(a) === endOf(b) ? 0 : endOf(a) - endOf(b)) || byBytes(a.id, b.id),
    name: (a, b) => byBytes(lower(a.name), lower(b.name)) || byBytes(a.id, b.id),
  }
  /** The same rules over the keys themselves. */
  const matches = (key: Key, filter: KeyFilter, now: Date): boolean => {
    const { q, scope, createdBy, neverUsed, noExpiry, unusedSince, expiringBefore } = filter
    const states = statesAskedFor(filter)
    const used = lastUse(key)?.lastUsedAt ?? null
    const inName = (text: string) =>
      [...text].length < 3 ? lower(key.name).startsWith(lower(text)) : lower(key.name).includes(lower(text))
    return (
      (states === null || states.includes(stateOf(key, now))) &&
      (filter.ownerId === undefined || key.ownerId === filter.ownerId) &&
      (filter.environment === undefined || key.environment === filter.environment) &&
      (q === undefined ||
        inName(q) ||
        ([...q].length > 2 && [key.ownerId, key.id].includes(q)) ||
        key.secrets.some(({ hint }) => q.includes('_') && hint.startsWith(q.replace('…', '')))) &&
      (scope === undefined || key.scopes.includes(scope)) &&
      (createdBy === undefined || key.createdBy === createdBy) &&
      (neverUsed !== true || used === null) &&
      (noExpiry !== true || endOf(key) === Infinity) &&
      (unusedSince === undefined ||
        (key.createdAt <= unusedSince && (used === null || used < unusedSince))) &&
      (expiringBefore === undefined || endOf(key) < Number(expiringBefore))
    )
  }

  const searches = (): KeyFilter[] => {
    const hint = (made[7] as unknown as { hint: string }).hint
    return [
      {},
      { scope: 'orders:read' },
      { scope: 'rare:read' },
      { createdBy: creator },
      { neverUsed: true },
      { noExpiry: true },
      { unusedSince: new Date(app.clock.now().getTime() - 9 * DAY) },
      { expiringBefore: new Date(app.clock.now().getTime() + 8 * DAY) },
      ...[
        'xport',
        'NIGHTLY S',
        'äuß',
        'zz',
        'Z',
        '% _',
        'näh',
        'org_1',
        hint,
        hint.slice(0, -3),
        String(made[9]?.id),
        'none of them',
      ].map((q) => ({ q })),
      { q: 'export', scope: 'orders:read', environment: 'live' },
    ]
  }
  const scopes: readonly Pick<KeyFilter, 'ownerId' | 'environment' | 'states'>[] = [
    {},
    ...KEY_STATES.map((state) => ({ states: [state] })),
    { states: ['active', 'disabled', 'suspended'] },
    { states: ['expired', 'revoked'] },
    { states: ['disabled', 'expired'] },
    { ownerId: 'org_0' },
    { ownerId: 'org_2', states: ['suspended'] },
    { environment: 'test' },
    { ownerId: 'org_1', environment: 'live', states: ['active', 'disabled', 'suspended'] },
  ]

  it('KEY-19: each filter with each sort and state shows what the rules say, page by page', async () => {
    const now = app.clock.now()
    const keys = await everyKey()
    for (const [at, search] of searches().entries())
      for (const [place, scope] of scopes.entries()) {
        const filter = { ...search, ...scope }
        for (const sort of place === 0 ? KEY_SORTS : KEY_SORTS.slice((at + place) % 4).slice(0, 1)) {
          const shown: Key[] = []
          for (let after: KeyPosition | null = null, pages = 0; ; pages++) {
            const page = await listKeys(app.db, 'every_owner', filter, { after, limit: 25, now, sort })
            assert.ok(typeof page === 'object' && pages < 20)
            shown.push(...page.keys)
            after = page.next
            if (after === null) break
          }
          const expected = keys.filter((key) => matches(key, filter, now))
          const what = JSON.stringify({ filter, sort })
          assert.deepEqual(shown.map(({ id }) => id).sort(), expected.map(({ id }) => id).sort(), what)
          const order = sort === 'name' ? null : expected.toSorted(orders[sort]).map(({ id }) => id)
          if (order !== null)
            assert.deepEqual(
              shown.map(({ id }) => id),
              order,
              what,
            )
          else
            assert.deepEqual(
              shown.map(({ name }) => lower(name)),
              shown.map(({ name }) => lower(name)).toSorted(byBytes),
            )
        }
      }
  })

  it('KEY-19: counts are what the rules say, by state', async () => {
    const now = app.clock.now()
    const keys = await everyKey()
    for (const search of searches())
      for (const { states: _, ...scope } of scopes) {
        const filter = { ...search, ...scope }
        const counts = await countKeys(app.db, 'every_owner', filter, now)
        assert.ok(typeof counts === 'object')
        const count = (state: KeyState) =>
          keys.filter((key) => matches(key, { ...filter, states: [state] }, now)).length
        for (const state of KEY_STATES)
          assert.deepEqual(
            counts[state],
            { count: count(state), atLeast: false },
            JSON.stringify([filter, state]),
          )
      }
  })

  it('KEY-19: a pasted secret finds its key by the hash alone, also after its end, and only within reach', async () => {
    const find = async (secret: string, as?: string) => {
      const url = `/v1/keys?secret_sha256=${hash('sha256', secret)}`
      const { body } = await app.call('GET', url, undefined, as === undefined ? {} : { as })
      return body.data.map((key: { id: string }) => key.id)
    }
    const [revoked, foreign] = [made[4], made[3 * 5 + 1]]
    assert.deepEqual(await find(String(revoked?.secret)), [revoked?.id])
    assert.deepEqual(await find('sk_live_unknown'), [])
    assert.deepEqual(await find(String(foreign?.secret)), [foreign?.id])
    assert.deepEqual(await find(String(foreign?.secret), bound), [])
    assert.deepEqual(await find(String(made[3]?.secret), bound), [made[3]?.id])
    const { status } = await app.call('GET', `/v1/keys?secret_sha256=${revoked?.secret}`)
    assert.equal(status, 400)
  })

  it('KEY-19: a caller that is bound to one owner finds and counts nothing else', async () => {
    for (const query of [
      'q=export',
      'scope=orders:write',
      'q=org_1',
      'no_expiry=true',
      'state=live,revoked&sort=name',
    ]) {
      const { body } = await app.call('GET', `/v1/keys?limit=200&${query}`, undefined, { as: bound })
      for (const key of body.data) assert.equal(key.owner_id, 'org_0')
      const all = query.replace(/&?(state|sort)=[^&]*/g, '')
      const mine = await app.call('GET', `/v1/keys/counts?${all}`, undefined, { as: bound })
      const same = await app.call('GET', `/v1/keys/counts?owner_id=org_0&${all}`)
      assert.deepEqual(mine.body, same.body)
    }
    const foreign = await app.call('GET', '/v1/keys/counts?owner_id=org_1', undefined, { as: bound })
    assert.deepEqual(foreign.body.live, { count: 0, at_least: false })
  })

  it('KEY-19: several states at once, with the name of the creator', async () => {
    const { body } = await app.call('GET', '/v1/keys?state=expired,revoked&limit=200')
    assert.deepEqual([...new Set(body.data.map((key: { state: string }) => key.state))].sort(), [
      'expired',
      'revoked',
    ])
    const { body: counts } = await app.call('GET', '/v1/keys/counts')
    assert.deepEqual(counts.ended, { count: body.data.length, at_least: false })
    const { body: ours } = await app.call('GET', `/v1/keys?created_by=${creator}`, undefined, { as: bound })
    assert.deepEqual(
      [...new Set(ours.data.map((key: { created_by_name: string }) => key.created_by_name))],
      ['test'],
    )
    const { body: theirs } = await app.call('GET', `/v1/keys/${made[3]?.id}`, undefined, { as: bound })
    assert.equal(theirs.created_by_name, null)
    assert.equal((await app.call('GET', '/v1/keys?state=live,ended')).status, 400)
  })

  it('a cursor belongs to its order, and a made-up one is refused', async () => {
    const { body } = await app.call('GET', '/v1/keys?sort=name&limit=3')
    const next = (query: string, cursor: string) => app.call('GET', `/v1/keys?${query}&cursor=${cursor}`)
    assert.equal((await next('sort=name&limit=3', body.next_cursor)).status, 200)
    const id = made[0]?.id
    for (const cursor of [
      body.next_cursor,
      'x',
      ...[
        ['created', 'a', null, id],
        ['created', 1.5, null, id],
        ['created', null, null, id],
        ['created', 1, 1, id],
        ['toString', 1, null, id],
        ['created', 1, id],
        {},
        null,
      ].map((made) => Buffer.from(JSON.stringify(made)).toString('base64url')),
    ]) {
      const answer = await next('sort=created', cursor)
      assert.deepEqual([answer.status, answer.body.code], [400, 'invalid_cursor'], cursor)
    }
    for (const cursor of [
      ['created', -1e15, null, id],
      ['created', 9e15, null, id],
    ])
      assert.equal(
        (await next('sort=created', Buffer.from(JSON.stringify(cursor)).toString('base64url'))).status,
        200,
      )
  })

  it('MGT-03: a cursor says nothing of another owner’s key: not that it exists, nor when it was made', async () => {
    const bound = await app.adminKeyWith(['keys:read'], 'org_cursor')
    for (let n = 0; n < 4; n++) await app.keyFor('org_cursor', { scopes: [] })
    app.clock.advance({ seconds: 60 })
    const foreign = await app.keyFor('org_other', { scopes: [] })
    for (const query of [
      ...KEY_SORTS.map((sort) => `sort=${sort}`),
      `unused_since=${app.clock.now().toISOString()}`,
    ]) {
      const page = async (cursor?: string) => {
        const path = `/v1/keys?${query}&limit=2${cursor === undefined ? '' : `&cursor=${cursor}`}`
        const { status, body } = await app.call('GET', path, undefined, { as: bound })
        return [status, body.data?.map((key: { id: string }) => key.id), body.next_cursor] as const
      }
      const [, , next] = await page()
      const text = Buffer.from(String(next), 'base64url').toString()
      const at = (id: string) => page(Buffer.from(text.replace(/key_[A-Za-z0-9]+/, id)).toString('base64url'))
      // Beyond every id, and of one that exists and was made later than all of the owner's.
      const unknown = foreign.id.replace(/.$/, (end) => (end === 'A' ? 'B' : 'A'))
      assert.deepEqual(await at(foreign.id), await at(unknown), query)
    }
  })

  it('KEY-19: a note says where a key is kept, without credentials, and is audited with what it was', async () => {
    const id = made[5]?.id
    const change = async (note: string | null) =>
      (await app.call('PATCH', `/v1/keys/${id}`, { note })).body.note
    assert.equal(await change('in Vault, prod/export'), 'in Vault, prod/export')
    const pasted = await change(`pasted ${made[5]?.secret}`)
    assert.ok(pasted.startsWith('pasted ') && !pasted.includes(String(made[5]?.secret).slice(-20)), pasted)
    assert.equal(await change(null), null)
    const { body } = await app.call('GET', `/v1/audit-events?target_id=${id}`)
    const details = body.data.map((event: { detail: object }) => event.detail).slice(0, 3)
    assert.deepEqual(details[2], { note: 'in Vault, prod/export', note_before: null })
    assert.equal(details[0].note, null)
    assert.ok(!JSON.stringify(details).includes(String(made[5]?.secret)))
    const { body: created } = await app.call('POST', '/v1/keys', {
      ...{ owner_id: 'org_note', name: 'noted', environment: 'live', scopes: [], note: 'ask Ann' },
    })
    assert.equal(created.note, 'ask Ann')
  })

  it('KEY-19: a change of scopes can be undone for 7 days, whatever was deprecated meanwhile', async () => {
    const { body: scope } = await app.call('POST', '/v1/scopes', { name: 'old:read', description: 'Old' })
    const key = await app.keyFor('org_undo', { scopes: ['old:read', 'orders:read'] })
    const change = (scopes: string[]) => app.call('PATCH', `/v1/keys/${key.id}`, { scopes })
    const shrunk = (await change(['orders:read'])).body
    assert.deepEqual(shrunk.former_scopes.toSorted(), ['old:read', 'orders:read'])
    assert.equal(shrunk.scopes_changed_at, app.clock.now().toISOString())
    await app.call('PATCH', `/v1/scopes/${scope.name}`, { deprecated: true })
    app.clock.advance({ days: 6 })
    assert.equal((await change(shrunk.former_scopes)).status, 200)
    assert.equal((await change(['orders:read'])).status, 200)
    app.clock.advance({ days: 7 })
    assert.equal((await change(['old:read', 'orders:read'])).body.code, 'deprecated_scope')
    const { body } = await app.call('GET', `/v1/audit-events?target_id=${key.id}`)
    assert.deepEqual(body.data[0].detail, {
      scopes: ['orders:read'],
      scopes_before: ['old:read', 'orders:read'],
    })
  })
})
