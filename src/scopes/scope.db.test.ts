import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { ENGINE } from '../../test/database.ts'
import { waitForLocks } from '../../test/lock-waits.ts'
import { clientsWithScope } from '../clients/scope-client.store.ts'
import { transact } from '../db/transact.ts'
import { applyCatalogue, type Catalogue } from './apply-catalogue.ts'
import { lockCatalogue } from './scope.store.ts'

describe('the catalogue', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
  })
  after(() => app.close())

  const declare = (name: string, more: object = {}) =>
    app.call('POST', '/v1/scopes', { name, description: `Allows ${name}`, ...more })
  const apply = (catalogue: Catalogue) =>
    transact(app.db, (tx) =>
      applyCatalogue(
        tx,
        { actor: { kind: 'system', id: null }, ip: null, requestId: null, now: app.clock.now() },
        catalogue,
      ),
    )
  const events = async () => (await app.call('GET', '/v1/audit-events?limit=200')).body.data.length

  it('declares a scope once; accepts the same declaration again, and refuses another under its name', async () => {
    assert.equal((await declare('a:read')).status, 201)
    const before = await events()
    assert.equal((await declare('a:read')).status, 201)
    assert.equal(await events(), before)
    assert.equal((await declare('a:read', { sensitivity: 'restricted' })).body.code, 'scope_exists')
  })

  it('KEY-19: names the keys and clients that have a scope, those in use first, within the reach of the caller', async () => {
    await declare('held:read')
    await declare('held:write', { implies: ['held:read'] })
    const quiet = await app.keyFor('org_a', { name: 'quiet', scopes: ['held:read'] })
    const used = await app.keyFor('org_a', { name: 'used', scopes: ['held:read', 'a:read'] })
    const other = await app.keyFor('org_b', { name: 'other', scopes: ['held:read'] })
    const revoked = await app.keyFor('org_a', { name: 'revoked', scopes: ['held:read'] })
    await app.call('POST', `/v1/keys/${revoked.id}/revoke`)
    await app.keyFor('org_a', { name: 'expired', scopes: ['held:read'], lifetime_seconds: 60 })
    await app.keyFor('org_a', { name: 'implied', scopes: ['held:write'] })
    const client = await app.clientFor('org_a', { scopes: ['held:read'] })
    await sql`update secrets set last_used_at = ${app.clock.now()} where holder_id = ${used.id}`.execute(
      app.db,
    )
    app.clock.advance({ seconds: 61 })
    const holders = async (as?: string) =>
      (await app.call('GET', '/v1/scopes/held:read/holders', undefined, as === undefined ? {} : { as })).body
    const { data, ...counts } = await holders()
    assert.deepEqual(counts, {
      name: 'held:read',
      keys: { count: 3, at_least: false },
      clients: { count: 1, at_least: false },
      implied_by: ['held:write'],
    })
    const ids = data.map(({ id }: { id: string }) => id)
    assert.equal(ids[0], used.id)
    assert.deepEqual(ids.slice(1, 3).sort(), [quiet.id, other.id].sort())
    assert.equal(ids[3], client.client_id)
    const bound = await holders(await app.adminKeyWith(['keys:read'], 'org_b'))
    assert.deepEqual([bound.keys.count, bound.clients], [1, null])
    assert.equal((await app.call('GET', '/v1/scopes/none:read/holders')).status, 404)
  })

  it('KEY-19: names those that were used last among very many', async () => {
    await declare('many:read')
    const { db, clock } = app
    const now = clock.now()
    await app.keyFor('org_many', { scopes: [] })
    await sql`
      insert into keys (id, owner_id, name, environment, scopes, metadata, created_by, created_at, seen_day)
      select 'key_many' || n, 'org_many', 'k', 'live', '{many:read}', '{}', 'adm_1', ${now}::timestamptz, 1
      from generate_series(1, 1100) as n`.execute(db)
    await sql`
      insert into secrets (hash, id, holder_id, hint, created_at)
      select sha256(id::bytea), 'sec_' || id, id, 'sk_live_abcd…', created_at from keys
      where id like 'key\\_many%'`.execute(db)
    const used = await app.keyFor('org_last', { scopes: ['many:read'] })
    const { body: key } = await app.call('GET', `/v1/keys/${used.id}`)
    const counted = { outcome: 'accepted', scope: '', minute: now.toISOString(), count: 1, calls: 1 }
    const last = { last_at: now.toISOString(), last_ip: null, last_user_agent: null }
    const items = [{ ...counted, ...last, credential_id: key.secrets[0].id }]
    await app.call('POST', '/v1/usage-batches', { id: 'batch_many', items, exposed: [] })
    const { body } = await app.call('GET', '/v1/scopes/many:read/holders')
    assert.deepEqual([body.keys, body.data.length], [{ count: 1101, at_least: false }, 100])
    assert.deepEqual([body.data[0].id, body.data[0].last_used_at], [used.id, now.toISOString()])
  })

  it('counts the clients that have a scope among the newest, and says where there may be more', async () => {
    await declare('counted:read')
    for (let n = 0; n < 4; n++) await app.clientFor('org_clients', { scopes: n < 2 ? ['counted:read'] : [] })
    const reach = { ownerId: 'org_clients', environments: null }
    const read = async (most: number) => {
      const { count, atLeast, newest } = await clientsWithScope(app.db, reach, 'counted:read', most)
      return [count, atLeast, newest.length]
    }
    assert.deepEqual(await read(4), [2, false, 2])
    const [, atLeast] = await read(2)
    assert.equal(atLeast, true)
  })

  it('MGT-21: a change that waited for another one does not undo it', {
    skip: ENGINE === 'pglite' && 'one connection: no two changes at once',
  }, async () => {
    await declare('lost:read', { implies: [] })
    await declare('lost:write', { implies: ['lost:read'] })
    let changed: Promise<unknown> | undefined
    await app.db.transaction().execute(async (tx) => {
      await lockCatalogue(tx)
      changed = app.call('PATCH', '/v1/scopes/lost:write', { description: 'Another text' })
      await waitForLocks(app.db, 1)
      await sql`update scopes set implies = '{}', sensitivity = 'restricted' where name = 'lost:write'`.execute(
        tx,
      )
    })
    await changed
    const { body } = await app.call('GET', '/v1/scopes')
    const { description, implies, sensitivity } = body.data.find(
      ({ name }: { name: string }) => name === 'lost:write',
    )
    assert.deepEqual([description, implies, sensitivity], ['Another text', [], 'restricted'])
  })

  it('refuses to imply an undeclared scope, and names the nearest', async () => {
    await declare('invoices:read')
    const { status, body } = await declare('invoices:write', { implies: ['invoice:read'] })
    assert.deepEqual([status, body.code], [400, 'unknown_scope'])
    assert.match(body.detail, /did you mean "invoices:read"/)
  })

  it('a change of the implied scopes reaches the keys that hold the scope', async () => {
    await declare('b:read')
    const { secret } = await app.keyFor('o', { scopes: ['b:write'] })
    const reads = async () =>
      (await app.call('POST', '/v1/verify', { credential: secret, scopes: ['b:read'] })).body.valid
    assert.equal(await reads(), false)
    await app.call('PATCH', '/v1/scopes/b:write', { implies: ['b:read'] })
    assert.equal(await reads(), true)
    await app.call('PATCH', '/v1/scopes/b:write', { implies: [] })
    assert.equal(await reads(), false)
  })

  it('a deprecated scope is no longer given out, and its holders keep it', async () => {
    const { id, secret } = await app.keyFor('o', { scopes: ['old:read'] })
    const { body } = await app.call('PATCH', '/v1/scopes/old:read', { deprecated: true })
    assert.notEqual(body.deprecated_at, null)
    const asked = { owner_id: 'o', name: 'a', environment: 'live', scopes: ['old:read'] }
    assert.equal((await app.call('POST', '/v1/keys', asked)).body.code, 'deprecated_scope')
    const verified = await app.call('POST', '/v1/verify', { credential: secret, scopes: ['old:read'] })
    assert.equal(verified.body.valid, true)
    const kept = await app.call('PATCH', `/v1/keys/${id}`, { scopes: ['old:read'] })
    assert.equal(kept.status, 200, 'what it holds may stay')
    await app.call('PATCH', '/v1/scopes/old:read', { deprecated: false })
    assert.equal((await app.call('POST', '/v1/keys', asked)).status, 201)
  })

  it('a scope in use cannot be removed', async () => {
    const { id } = await app.keyFor('o', { scopes: ['used:read'] })
    await declare('used:write', { implies: ['used:read'] })
    const refused = await app.call('DELETE', '/v1/scopes/used:read')
    assert.equal(refused.body.code, 'scope_in_use')
    assert.match(refused.body.detail, /1 keys and 0 clients hold it, and used:write imply it/)
    await app.call('POST', `/v1/keys/${id}/revoke`)
    assert.equal((await app.call('DELETE', '/v1/scopes/used:read')).body.code, 'scope_in_use')
    assert.equal((await app.call('DELETE', '/v1/scopes/used:write')).status, 204)
    assert.equal((await app.call('DELETE', '/v1/scopes/used:read')).status, 204)
    assert.equal((await app.call('DELETE', '/v1/scopes/used:read')).status, 404)
  })

  it('scopes belong to an API; an identifier belongs to one API', async () => {
    const made = await app.call('POST', '/v1/apis', {
      identifier: 'https://files.example.com',
      name: 'Files',
    })
    assert.equal(made.status, 201)
    const again = await app.call('POST', '/v1/apis', {
      identifier: 'https://files.example.com',
      name: 'Files 2',
    })
    assert.equal(again.body.code, 'api_in_use')
    assert.equal((await declare('files:read', { api_id: made.body.id })).body.api_id, made.body.id)
    assert.equal((await declare('files:write', { api_id: 'api_nope' })).body.code, 'unknown_api')
    const renamed = await app.call('PATCH', '/v1/apis/api_default', { identifier: 'https://api.example.com' })
    assert.deepEqual([renamed.body.identifier, renamed.body.is_default], ['https://api.example.com', true])
  })

  it('a catalogue file can be applied repeatedly, in any order, all or nothing', async () => {
    const file: Catalogue = {
      apis: [{ identifier: 'https://shop.example.com', name: 'Shop' }],
      scopes: [
        { name: 'shop:admin', description: 'All', implies: ['shop:read'], api: 'https://shop.example.com' },
        { name: 'shop:read', description: 'See', api: 'https://shop.example.com' },
      ],
    }
    const first = await apply(file)
    assert.deepEqual(first.ok && first.value, ['shop:admin', 'shop:read'])
    const before = await events()
    const second = await apply(file)
    assert.deepEqual(second.ok && second.value, [])
    assert.equal(await events(), before)

    const broken = await apply({ scopes: [{ name: 'shop:new', description: 'New', implies: ['shop:nope'] }] })
    assert.equal(broken.ok, false)
    const { body } = await app.call('GET', '/v1/scopes')
    assert.ok(!body.data.some((scope: { name: string }) => scope.name === 'shop:new'))
  })
})
