import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { KyselyPlugin } from 'kysely'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { ENGINE } from '../../test/database.ts'
import { addSeconds } from '../base/clock.ts'
import type { Caller } from '../management/caller.ts'
import { callsOfKeys } from '../usage/calls-of-keys.store.ts'
import { bulkChangeKeys } from './bulk-keys.ts'

interface Item {
  readonly id: string
  readonly outcome: string
  readonly code: string | null
  readonly key: { readonly name: string; readonly calls_last_day: number } | null
}

describe('bulk changes of keys', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
  })
  after(() => app.close())

  const bulk = (verb: string, body: object, as?: string) =>
    app.call('POST', `/v1/keys/bulk/${verb}`, body, as === undefined ? {} : { as })
  const outcomes = (data: readonly Item[]) => data.map(({ id, outcome, code }) => [id, outcome, code])
  const stateOf = async (id: string) => (await app.call('GET', `/v1/keys/${id}`)).body.state
  const works = async (credential: string) =>
    (await app.call('POST', '/v1/verify', { credential })).body.valid
  const use = async (id: string, calls: number) => {
    const { body } = await app.call('GET', `/v1/keys/${id}`)
    const at = app.clock.now().toISOString()
    const counted = { outcome: 'accepted', scope: '', minute: at, count: calls, calls, last_at: at }
    const items = [{ ...counted, credential_id: body.secrets[0].id, last_ip: null, last_user_agent: null }]
    await app.call('POST', '/v1/usage-batches', { id: `batch_${id}`, items, exposed: [] })
  }
  const eventsOf = async (id: string) =>
    (await app.call('GET', `/v1/audit-events?target_id=${id}`)).body.data as {
      action: string
      detail: Record<string, unknown>
    }[]

  it('KEY-10: a dry run names the affected callers, the busiest first, and changes nothing', async () => {
    const [idle, busy] = [
      await app.keyFor('org_dry', { name: 'idle' }),
      await app.keyFor('org_dry', { name: 'busy' }),
    ]
    await app.call('PATCH', '/v1/owners/org_dry', { name: 'Dry Ltd' })
    await use(busy.id, 412)
    const { body } = await bulk('revoke', { filter: { owner_id: 'org_dry' }, dry_run: true })
    assert.deepEqual(body.counts, {
      ...{ matched: 2, changed: 2, unchanged: 0, refused: 0, used_last_day: 1, owners: 1 },
    })
    assert.deepEqual(
      body.data.map(({ key }: Item) => [key?.name, key?.calls_last_day]),
      [
        ['busy', 412],
        ['idle', 0],
      ],
    )
    assert.equal(body.data[0].key.owner_name, 'Dry Ltd')
    assert.deepEqual([await stateOf(idle.id), await stateOf(busy.id)], ['active', 'active'])
    assert.equal((await eventsOf(idle.id)).length, 1)
  })

  it('KEY-10: acts on exactly the keys of the dry run, in several requests, each with one event of one batch', async () => {
    const keys: { id: string; secret: string }[] = []
    for (let at = 0; at < 130; at++) keys.push(await app.keyFor('org_many', { name: `k ${at}`, scopes: [] }))
    assert.equal(await works(String(keys[0]?.secret)), true)
    const filter = { owner_id: 'org_many', state: 'active' }
    const dry = await bulk('disable', { filter, dry_run: true })
    assert.equal(dry.body.counts.changed, 130)
    const first = await bulk('disable', { filter, token: dry.body.token })
    assert.deepEqual([first.body.counts.changed, first.body.remaining], [100, 30])
    const second = await bulk('disable', { filter, token: first.body.next_token })
    assert.deepEqual([second.body.counts.changed, second.body.next_token], [30, null])
    assert.equal(second.body.batch_id, first.body.batch_id)
    for (const key of [keys[0], keys[64], keys[129]]) {
      assert.equal(await works(String(key?.secret)), false)
      const [event] = await eventsOf(String(key?.id))
      assert.deepEqual([event?.action, event?.detail], ['key.disabled', { batch: first.body.batch_id }])
    }
    const { rows } = {
      rows: await app.db
        .selectFrom('audit_events')
        .select('detail')
        .where('action', '=', 'key.disabled')
        .execute(),
    }
    assert.equal(rows.filter(({ detail }) => detail.batch === first.body.batch_id).length, 130)
  })

  it('KEY-10: does nothing where the filter matches other keys than at the dry run', async () => {
    const [one] = [await app.keyFor('org_other'), await app.keyFor('org_other')]
    const filter = { owner_id: 'org_other', state: 'active' }
    const { body: dry } = await bulk('revoke', { filter, dry_run: true })
    await app.keyFor('org_other')
    const more = await bulk('revoke', { filter, token: dry.token })
    assert.deepEqual([more.status, more.body.code], [409, 'selection_changed'])
    assert.match(more.body.detail, /2 keys then, and fit 3 now/)
    await app.call('POST', `/v1/keys/${one?.id}/disable`)
    const others = await bulk('revoke', { filter, token: dry.token })
    assert.equal(others.body.code, 'selection_changed')
    // Of another change.
    const { body: again } = await bulk('disable', { filter, dry_run: true })
    assert.equal((await bulk('revoke', { filter, token: again.token })).body.code, 'selection_changed')
    assert.equal((await bulk('revoke', { filter })).body.code, 'invalid_request')
  })

  it('MGT-03: a foreign id looks like an unknown one, and is left alone', async () => {
    const [own, foreign] = [await app.keyFor('org_reach'), await app.keyFor('org_beyond')]
    const bound = await app.adminKeyWith(['keys:read', 'keys:write'], 'org_reach')
    const unknown = 'key_doesNotExist00000000'
    for (const dry_run of [true, false]) {
      const { body } = await bulk('revoke', { ids: [own.id, foreign.id, unknown], dry_run }, bound)
      const found = new Map((body.data as Item[]).map((item) => [item.id, item]))
      assert.equal(found.get(own.id)?.outcome, 'changed')
      const { id: _, ...hidden } = found.get(foreign.id) as Item
      const { id: __, ...missing } = found.get(unknown) as Item
      assert.deepEqual(hidden, missing)
      assert.equal(hidden.outcome, 'not_found')
    }
    assert.equal(await stateOf(foreign.id), 'active')
    const { body } = await bulk('revoke', { filter: { q: 'a key' }, dry_run: true }, bound)
    for (const { id } of body.data) assert.equal(id, own.id)
  })

  it('KEY-10: says for each key if it is changed, unchanged or refused, by the rules of single changes', async () => {
    const make = (more: object = {}) => app.keyFor('org_each', { scopes: ['a:read', 'b:read'], ...more })
    const [plain, disabled, revoked, short] = [
      await make(),
      await make(),
      await make(),
      await make({ lifetime_seconds: 3600 }),
    ]
    await app.call('POST', `/v1/keys/${disabled.id}/disable`)
    await app.call('POST', `/v1/keys/${revoked.id}/revoke`)
    const ids = [plain.id, disabled.id, revoked.id, short.id]
    const expires_at = new Date(app.clock.now().getTime() + 7 * 86_400_000).toISOString()
    const sorted = (rows: [string, string, string | null][]) => rows.toSorted(([a], [b]) => (a < b ? -1 : 1))
    for (const [verb, more, expected] of [
      ['disable', {}, ['changed', 'unchanged', 'refused', 'changed']],
      ['enable', {}, ['changed', 'changed', 'refused', 'changed']],
      ['remove-scope', { scope: 'a:read' }, ['changed', 'changed', 'refused', 'changed']],
      ['remove-scope', { scope: 'a:read' }, ['unchanged', 'unchanged', 'refused', 'unchanged']],
      ['shorten-expiry', { expires_at }, ['changed', 'changed', 'refused', 'unchanged']],
      ['revoke', { reason: 'cleaning up' }, ['changed', 'changed', 'unchanged', 'changed']],
    ] as const) {
      const rows = ids.map((id, at): [string, string, string | null] => {
        const outcome = expected[at] ?? ''
        return [id, outcome, outcome === 'refused' ? 'key_revoked' : null]
      })
      const foreseen = await bulk(verb, { ids, dry_run: true, ...more })
      assert.deepEqual(sorted(outcomes(foreseen.body.data) as never), sorted(rows), `${verb}, dry`)
      const done = await bulk(verb, { ids, ...more })
      assert.deepEqual(sorted(outcomes(done.body.data) as never), sorted(rows), verb)
    }
    const [event] = await eventsOf(plain.id)
    assert.equal(event?.detail.reason, 'cleaning up')
    assert.match(String(event?.detail.batch), /^bat_/)
    const past = await bulk('shorten-expiry', { ids, expires_at: app.clock.now().toISOString() })
    assert.equal(past.body.code, 'expiry_in_past')
  })

  it('refuses a request without keys, with an empty filter, or with both', async () => {
    for (const body of [{}, { filter: {} }, { ids: ['key_1'], filter: { q: 'abc' } }])
      assert.equal((await bulk('disable', body)).body.code, 'invalid_request')
  })

  it('CON-01: runs beside single changes of the same keys, without a deadlock', async () => {
    const keys: { id: string }[] = []
    for (let at = 0; at < 6; at++) keys.push(await app.keyFor('org_race'))
    const ids = keys.map(({ id }) => id)
    const answers = await Promise.all([
      bulk('disable', { ids }),
      ...ids.toReversed().map((id) => app.call('PATCH', `/v1/keys/${id}`, { scopes: [] })),
      bulk('remove-scope', { ids: ids.toReversed(), scope: 'orders:read' }),
    ])
    for (const { status, text } of answers) assert.equal(status, 200, text)
    for (const id of ids) assert.equal(await stateOf(id), 'disabled')
  })

  it('OPS-04: waits for no report of usage, unless it changes secrets', {
    skip: ENGINE === 'pglite' ? 'one connection: nothing waits for a lock' : false,
  }, async () => {
    const { id } = await app.keyFor('org_waits', { scopes: ['a:read'] })
    await app.db.transaction().execute(async (tx) => {
      await tx.selectFrom('secrets').select('id').where('holder_id', '=', id).forUpdate().execute()
      for (const [verb, more] of [
        ['disable', {}],
        ['enable', {}],
        ['remove-scope', { scope: 'a:read' }],
        ['revoke', {}],
      ] as const)
        assert.equal((await bulk(verb, { ids: [id], ...more })).body.counts?.changed, 1, verb)
    })
  })

  it('KEY-09: shortens a key that outlives the policy, even to an end beyond it, as the dry run says', async (t) => {
    const strict = await openTestApp({
      policy: { environments: ['live'], maxLifetimeSeconds: 90 * 86_400, maxKeysPerOwner: 10 },
    })
    t.after(() => strict.close())
    const { id } = await strict.keyFor('org_1', { scopes: [] })
    // Like a key created before the 90 days were configured.
    await strict.db.updateTable('secrets').set({ expires_at: null }).where('holder_id', '=', id).execute()
    const inDays = (days: number) => addSeconds(strict.clock.now(), days * 86_400).toISOString()
    for (const [days, outcome] of [
      [200, 'changed'],
      [300, 'unchanged'],
      [100, 'changed'],
    ] as const)
      for (const dry_run of [true, false]) {
        const body = { ids: [id], expires_at: inDays(days), dry_run }
        const { data } = (await strict.call('POST', '/v1/keys/bulk/shorten-expiry', body)).body
        assert.deepEqual(outcomes(data), [[id, outcome, null]], `${days}, ${dry_run}`)
      }
    const change = async (days: number) => {
      const { body } = await strict.call('PATCH', `/v1/keys/${id}`, { expires_at: inDays(days) })
      return body.code ?? body.expires_at
    }
    assert.deepEqual([await change(99), await change(100)], [inDays(99), 'lifetime_too_long'])
  })

  it('reads nothing for its report while it holds the lock of the audit log', async () => {
    const { id } = await app.keyFor('org_report', { scopes: [] })
    const statements: string[] = []
    const recorder: KyselyPlugin = {
      transformQuery: ({ node, queryId }) => {
        statements.push(app.db.getExecutor().compileQuery(node, queryId).sql)
        return node
      },
      transformResult: async ({ result }) => result,
    }
    const actor = { kind: 'admin_key', id: 'adm_1' } as const
    const caller: Caller = {
      ...{ actor, ip: null, requestId: 'req_1', now: app.clock.now(), permissions: new Set() },
      ...{ reach: 'every_owner', latestExpiry: null, seesMetadata: true, proof: null },
    }
    const policy = { environments: ['live'], maxLifetimeSeconds: null, maxKeysPerOwner: 10 }
    const done = await app.db
      .withPlugin(recorder)
      .transaction()
      .execute((tx) =>
        bulkChangeKeys(
          tx,
          caller,
          { brand: null, policy, callsOf: callsOfKeys },
          { change: { verb: 'disable' }, keys: { ids: [id] }, dryRun: false, token: null, batch: null },
        ),
      )
    assert.ok(done.ok && done.value.changed === 1)
    const isReport = (text: string) => /usage_|last_used_at >=|from "owners" where "id" in/.test(text)
    const locked = statements.findIndex((text) => text.includes('"audit_head"'))
    assert.equal(statements.slice(0, locked).filter(isReport).length, 3)
    assert.equal(statements.slice(locked).filter(isReport).length, 0)
  })
})
