import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { appendEvents } from '../../src/audit/append-events.ts'
import { systemOrigin } from '../../src/audit/audit-event.ts'
import { openTestApp, type TestApp } from '../app.ts'

describe('lists', () => {
  let app: TestApp
  const ids: Record<string, string> = {}
  before(async () => {
    app = await openTestApp()
    for (const [name, more] of Object.entries({
      active: {},
      test: { environment: 'test' },
      disabled: {},
      revoked: {},
      expired: { lifetime_seconds: 60 },
      soon: { lifetime_seconds: 86_400 },
    })) {
      ids[name] = (await app.keyFor('org_1', { name, scopes: [], ...more })).id
      app.clock.advance({ seconds: 1 })
    }
    ids.suspended = (await app.keyFor('org_2', { name: 'suspended', scopes: [] })).id
    await app.call('POST', `/v1/keys/${ids.disabled}/disable`)
    await app.call('POST', `/v1/keys/${ids.revoked}/revoke`)
    await app.call('POST', '/v1/owners/org_2/suspend', { reason: 'test' })
    app.clock.advance({ seconds: 60 })
  })
  after(() => app.close())

  const names = async (query: string, as?: string) => {
    const { body } = await app.call('GET', `/v1/keys?${query}`, undefined, as === undefined ? {} : { as })
    return body.data.map((key: { name: string }) => key.name)
  }
  /** All pages of a list, in order. */
  const pages = async (url: string, between: () => Promise<unknown> = async () => {}) => {
    const found: string[] = []
    for (let cursor = ''; ; ) {
      const { body } = await app.call('GET', `${url}${cursor}`)
      found.push(...body.data.map((row: { id: string }) => row.id))
      if (body.next_cursor === null) return found
      cursor = `&cursor=${encodeURIComponent(body.next_cursor)}`
      await between()
    }
  }

  for (const [query, expected] of [
    ['state=active&owner_id=org_1', ['soon', 'test', 'active']],
    ['state=disabled', ['disabled']],
    ['state=revoked', ['revoked']],
    ['state=expired', ['expired']],
    ['state=suspended', ['suspended']],
    ['environment=test', ['test']],
    ['owner_id=org_2', ['suspended']],
    ['owner_id=org_none', []],
  ] as const)
    it(`filters keys by ${query}`, async () => assert.deepEqual(await names(query), expected))

  it('KEY-19: filter keys by expiry', async () => {
    const within = (seconds: number) => new Date(app.clock.now().getTime() + seconds * 1000).toISOString()
    assert.deepEqual(await names(`state=active&expiring_before=${within(2 * 86_400)}`), ['soon'])
    assert.deepEqual(await names(`state=active&expiring_before=${within(60)}`), [])
  })

  it('KEY-19: filter keys that are unused since a moment, including those never used', async () => {
    const { body } = await app.call('GET', `/v1/keys/${ids.active}`)
    const item = {
      credential_id: body.secrets[0].id,
      outcome: 'accepted',
      scope: '',
      count: 1,
      calls: 1,
      last_ip: null,
      last_user_agent: null,
    }
    const now = app.clock.now().toISOString()
    const used = { ...item, minute: now, last_at: now }
    await app.call('POST', '/v1/usage-batches', { id: 'batch_listing1', items: [used], exposed: [] })
    const since = new Date(app.clock.now().getTime() - 1000).toISOString()
    assert.deepEqual(await names(`state=active&owner_id=org_1&unused_since=${since}`), ['soon', 'test'])
    app.clock.advance({ hours: 1 })
    const later = app.clock.now().toISOString()
    assert.deepEqual(await names(`state=active&owner_id=org_1&unused_since=${later}`), [
      'soon',
      'test',
      'active',
    ])
  })

  it('KEY-19: filter active keys that expire between now and a moment; other states need their own filter', async () => {
    const by = new Date(app.clock.now().getTime() + 2 * 86_400_000).toISOString()
    assert.deepEqual(await names(`expiring_before=${by}`), ['soon'])
    assert.deepEqual(await names(`state=expired&expiring_before=${by}`), ['expired'])
    const key = await app.keyFor('org_ending', { name: 'ending', scopes: [], lifetime_seconds: 60 })
    const mine = `owner_id=org_ending&expiring_before=${by}`
    assert.deepEqual(await names(mine), ['ending'])
    for (const [act, state] of [
      ['disable', 'disabled'],
      ['revoke', 'revoked'],
    ]) {
      await app.call('POST', `/v1/keys/${key.id}/${act}`)
      assert.deepEqual(await names(mine), [])
      assert.deepEqual(await names(`state=${state}&${mine}`), ['ending'])
    }
  })

  it('KEY-19: count a key as unused only since a moment at which it existed, and while it is not revoked or expired', async () => {
    const { clock } = app
    const before = clock.now().toISOString()
    clock.advance({ seconds: 1 })
    const ending = { name: 'ended', scopes: [], lifetime_seconds: 60 }
    const key = await app.keyFor('org_idle', { name: 'idle', scopes: [] })
    await app.keyFor('org_idle', ending)
    const since = clock.now().toISOString()
    const idle = (moment: string, more = '') => names(`owner_id=org_idle&unused_since=${moment}${more}`)
    assert.deepEqual(await idle(before), [])
    assert.deepEqual((await idle(since)).sort(), ['ended', 'idle'])
    clock.advance({ seconds: 60 })
    assert.deepEqual(await idle(since), ['idle'])
    assert.deepEqual(await idle(since, '&state=expired'), ['ended'])
    await app.call('POST', `/v1/keys/${key.id}/disable`)
    assert.deepEqual(await idle(since), ['idle'])
    assert.deepEqual(await idle(since, '&state=active'), [])
    await app.call('POST', `/v1/keys/${key.id}/revoke`)
    assert.deepEqual(await idle(since), [])
    assert.deepEqual(await idle(since, '&state=revoked'), ['idle'])
  })

  it('MGT-02: show an admin key that is bound to one owner only that owner, whatever it asks for', async () => {
    await app.keyFor('org_3', { name: 'third', scopes: [] })
    const bound = await app.adminKeyWith(['keys:read', 'owners:read'], 'org_3')
    assert.deepEqual(await names('limit=200', bound), ['third'])
    assert.deepEqual(await names('owner_id=org_1', bound), [])
    const { body } = await app.call('GET', '/v1/owners', undefined, { as: bound })
    assert.deepEqual(
      body.data.map((owner: { id: string }) => owner.id),
      ['org_3'],
    )
  })

  it('MGT-14: skip and repeat nothing over pages, also while keys are created between them and all in one moment', async () => {
    for (let n = 0; n < 23; n++) await app.keyFor('org_many', { scopes: [] })
    const before = await pages('/v1/keys?owner_id=org_many&limit=200')
    assert.equal(before.length, 23)
    const paged = await pages('/v1/keys?owner_id=org_many&limit=5', async () => {
      app.clock.advance({ ms: 1 })
      await app.keyFor('org_many', { scopes: [] })
    })
    assert.deepEqual(paged, before)
  })

  it('MGT-14: paginate owners, admin keys and audit events too', async () => {
    for (let n = 0; n < 5; n++) await app.adminKeyWith(['verify'])
    for (const list of ['owners', 'admin-keys', 'audit-events']) {
      const all = await pages(`/v1/${list}?limit=200`)
      assert.ok(all.length >= 3)
      assert.deepEqual(await pages(`/v1/${list}?limit=2`), all, list)
    }
  })

  it('AUD-07: filter audit events by actor, target, action, result and time', async () => {
    const find = async (query: string) =>
      (await app.call('GET', `/v1/audit-events?limit=200&${query}`)).body.data
    const [event] = await find(`target_id=${ids.revoked}&action=key.revoked`)
    assert.equal(event.action, 'key.revoked')
    assert.ok((await find(`actor_id=${event.actor.id}`)).length > 10)
    assert.ok((await find(`since=${event.at}&until=${event.at}`)).length === 0)
    const after = new Date(Date.parse(event.at) + 1).toISOString()
    assert.ok(
      (await find(`since=${event.at}&until=${after}`)).some(({ id }: { id: string }) => id === event.id),
    )
    await app.call('GET', '/v1/keys/key_nowhere')
    const refused = await find('result=refused')
    assert.deepEqual([refused[0].detail.code, refused[0].target_id], ['not_found', 'key_nowhere'])
  })

  it('AUD-07: export the audit events of a filter as JSON Lines and CSV, with the same content', async () => {
    await app.keyFor('org_1', { name: '=HYPERLINK("https://evil.example")', scopes: [] })
    const listed = (await app.call('GET', '/v1/audit-events?limit=200&action=key.created')).body.data
    const file = async (url: string, as = app.adminKey) => {
      const answer = await app.app.inject({ url, headers: { authorization: `Bearer ${as}` } })
      assert.equal(answer.statusCode, 200)
      return { type: String(answer.headers['content-type']), body: answer.body }
    }
    const lines = await file('/v1/audit-events.jsonl?action=key.created')
    assert.match(lines.type, /^application\/jsonl/)
    const events = lines.body
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.deepEqual(events, listed)
    const table = await file('/v1/audit-events.csv?action=key.created')
    assert.match(table.type, /^text\/csv/)
    const [head, ...rows] = table.body.trimEnd().split('\r\n')
    assert.match(head ?? '', /^seq,id,at,action,result,actor_kind,/)
    assert.equal(rows.length, listed.length)
    assert.ok(rows.every((row, at) => row.includes(listed[at].hash)))
    const bound = await app.adminKeyWith(['audit:read'], 'org_1')
    assert.equal((await file('/v1/audit-events.jsonl?owner_id=org_2', bound)).body, '')
    const own = (await file('/v1/audit-events.jsonl', bound)).body.trimEnd().split('\n')
    assert.ok(own.every((line) => JSON.parse(line).owner_id === 'org_1'))
  })

  it('MGT-20 AUD-07: an export breaks off once its admin key is revoked', async (t) => {
    const { body: reader } = await app.call('POST', '/v1/admin-keys', {
      name: 'reader',
      permissions: ['audit:read'],
    })
    const origin = systemOrigin(app.clock.now())
    const target = { id: null, ownerId: null }
    // Much more than the buffers on the way hold.
    const event = { action: 'key.changed', target, detail: { note: 'x'.repeat(4_000) } } as const
    for (let n = 0; n < 5; n++)
      await app.db.transaction().execute((tx) => appendEvents(tx, origin, Array(1_000).fill(event)))
    await app.app.listen({ port: 0, host: '127.0.0.1' })
    t.after(() => app.app.server.closeAllConnections())
    const { port } = app.app.server.address() as AddressInfo
    const answer = await fetch(`http://127.0.0.1:${port}/v1/audit-events.jsonl`, {
      headers: { authorization: `Bearer ${reader.secret}` },
    })
    assert.equal(answer.status, 200)
    const file = answer.body?.getReader()
    await file?.read()
    await app.call('POST', `/v1/admin-keys/${reader.id}/revoke`, { reason: 'leaked' })
    await assert.rejects(async () => {
      while ((await file?.read())?.done === false);
    })
  })

  describe('of owners, clients and users', () => {
    const idsOf = async (url: string, as?: string) => {
      const { body } = await app.call('GET', url, undefined, as === undefined ? {} : { as })
      return body.data.map((row: { id?: string; client_id?: string }) => row.id ?? row.client_id)
    }
    const found: Record<string, string> = {}
    before(async () => {
      for (const [id, name] of [
        ['find_1', 'Zeta 100% GmbH'],
        ['find_2', 'alpha_beta'],
        ['find_3', null],
        ['find_4', 'Alpha'],
      ] as const) {
        await app.keyFor(id, { scopes: [] })
        if (name !== null) await app.call('PATCH', `/v1/owners/${id}`, { name })
        app.clock.advance({ seconds: 1 })
      }
      await app.call('POST', '/v1/owners/find_4/suspend', { reason: 'test' })
      for (const [name, owner] of [
        ['Zapper', 'find_1'],
        ['acme sync', null],
        ['Acme Mail', null],
      ] as const) {
        const { client_id } = await app.clientFor(owner, { name, scopes: ['orders:read'] })
        found[name] = client_id
        app.clock.advance({ seconds: 1 })
      }
      for (const [name, email] of [
        ['Zoe Finder', 'zoe@find.example'],
        ['ann finder', 'ann@find.example'],
      ]) {
        found[String(email)] = (await app.call('POST', '/v1/users', { name, email })).body.id
        app.clock.advance({ seconds: 1 })
      }
      await app.call('POST', `/v1/users/${found['zoe@find.example']}/disable`, { reason: 'test' })
    })

    for (const [query, expected] of [
      ['q=ALPHA', ['find_4', 'find_2']],
      ['q=find_', ['find_4', 'find_3', 'find_2', 'find_1']],
      ['q=100%25', ['find_1']],
      ['q=a_b', ['find_2']],
      ['q=find_&sort=name', ['find_4', 'find_2', 'find_3', 'find_1']],
      ['q=find_&state=active&sort=name', ['find_2', 'find_3', 'find_1']],
      ['q=find_&state=suspended', ['find_4']],
      ['q=nothing', []],
    ] as const)
      it(`finds owners by ${query}`, async () =>
        assert.deepEqual(await idsOf(`/v1/owners?${query}`), expected))

    it('finds clients by name, id and source', async () => {
      const [zapper, sync, mail] = [found.Zapper, found['acme sync'], found['Acme Mail']]
      assert.deepEqual(await idsOf('/v1/clients?q=acme'), [mail, sync])
      assert.deepEqual(await idsOf('/v1/clients?q=acme&sort=name'), [mail, sync])
      assert.deepEqual(await idsOf('/v1/clients?sort=name'), [mail, sync, zapper])
      assert.deepEqual(await idsOf(`/v1/clients?q=${zapper}`), [zapper])
      assert.deepEqual(await idsOf('/v1/clients?source=dynamic'), [])
      assert.deepEqual(await idsOf('/v1/clients?source=registered&owner_id=find_1'), [zapper])
    })

    it('finds users by name, address, id and state', async () => {
      const [zoe, ann] = [found['zoe@find.example'], found['ann@find.example']]
      assert.deepEqual(await idsOf('/v1/users?q=FINDER&sort=name'), [ann, zoe])
      assert.deepEqual(await idsOf('/v1/users?q=zoe@find'), [zoe])
      assert.deepEqual(await idsOf(`/v1/users?q=${ann}`), [ann])
      assert.deepEqual(await idsOf('/v1/users?q=find.example&state=disabled'), [zoe])
      assert.deepEqual(await idsOf('/v1/users?q=find.example&state=enabled'), [ann])
    })

    it('MGT-14: pages by name skip and repeat nothing; a cursor of the other order is refused', async () => {
      for (let n = 0; n < 5; n++) await app.keyFor(`same_${n}`, { scopes: [] })
      for (let n = 0; n < 5; n++) await app.call('PATCH', `/v1/owners/same_${n}`, { name: 'Same' })
      const all = await pages('/v1/owners?sort=name&limit=200')
      assert.ok(all.length >= 9)
      assert.equal(new Set(all).size, all.length)
      assert.deepEqual(await pages('/v1/owners?sort=name&limit=2'), all)
      const { body } = await app.call('GET', '/v1/owners?sort=name&limit=2')
      const other = await app.call('GET', `/v1/owners?cursor=${body.next_cursor}`)
      assert.equal(other.body.code, 'invalid_cursor')
    })

    it('MGT-02: a search finds nothing beyond the owner of a bound admin key', async () => {
      const bound = await app.adminKeyWith(['owners:read', 'clients:read', 'users:read'], 'find_1')
      assert.deepEqual(await idsOf('/v1/owners?q=find_&sort=name', bound), ['find_1'])
      assert.deepEqual(await idsOf('/v1/clients?sort=name', bound), [found.Zapper])
      assert.deepEqual(await idsOf('/v1/users?q=find', bound), [])
      const { body } = await app.call('GET', '/v1/client-software', undefined, { as: bound })
      assert.deepEqual(body, { data: [], at_least: false })
    })
  })
})
