import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { ENGINE } from '../../test/database.ts'
import { waitForLocks } from '../../test/lock-waits.ts'
import { hasRoom } from '../clients/registration/unregistered-client.store.ts'

describe('a report of usage beside a change', {
  skip: ENGINE === 'pglite' ? 'one connection: nothing waits for a lock' : false,
}, () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
  })
  after(() => app.close())

  let batches = 0
  const nextId = () => `batch_${String(++batches).padStart(8, '0')}`
  const report = async (ids: readonly string[], how: 'accepted' | 'exposed') => {
    const at = app.clock.now().toISOString()
    const same = {
      outcome: how === 'accepted' ? how : 'expired',
      scope: '',
      minute: at,
      count: 1,
      calls: 1,
      last_at: at,
    }
    const items = ids.map((credential_id) => ({
      ...{ ...same, credential_id, last_ip: '198.51.100.7', last_user_agent: null },
    }))
    const { rows } = await sql<{ hash: string }>`
      select encode(hash, 'hex') as hash from secrets where id = any(${ids}::text[])`.execute(app.db)
    const exposed = how === 'accepted' ? [] : rows.map(({ hash }) => ({ hash, at, ip: null }))
    return await app.call('POST', '/v1/usage-batches', { id: nextId(), items, exposed })
  }
  const waits = (n: number) => waitForLocks(app.db, n)

  /** Gives the two secrets of a holder ids in this order, the newer one's first. */
  const orderSecrets = async (holderId: string, ids: readonly [newer: string, older: string]) => {
    const { rows } = await sql<{ id: string }>`
      select id from secrets where holder_id = ${holderId} order by retires_at nulls first`.execute(app.db)
    assert.equal(rows.length, 2)
    for (const [at, { id }] of rows.entries())
      await sql`update secrets set id = ${`${holderId}${ids[at]}`} where id = ${id}`.execute(app.db)
    return ids.map((id) => `${holderId}${id}`)
  }
  const rotated = async (path: string, id: string) => {
    assert.equal((await app.call('POST', `/v1/${path}/${id}/rotate`, {})).status, 200)
    return id
  }
  const aKey = async (ownerId = 'org_1') => await rotated('keys', (await app.keyFor(ownerId)).id)
  const aClient = async () => await rotated('clients', (await app.clientFor(null)).client_id)
  const inDays = (days: number) => new Date(app.clock.now().getTime() + days * 86_400_000).toISOString()
  const CHANGES: readonly (readonly [
    what: string,
    make: () => Promise<string>,
    change: (id: string) => Promise<{ status: number } | boolean>,
    /** How the secrets are reported; a use would make the change impossible. */
    how?: 'exposed',
  ])[] = [
    ['an expiry is moved', aKey, (id) => app.call('PATCH', `/v1/keys/${id}`, { expires_at: inDays(9) })],
    ['a rotation is undone', aKey, (id) => app.call('POST', `/v1/keys/${id}/rotation/undo`), 'exposed'],
    [
      'expiries are shortened',
      aKey,
      (id) => app.call('POST', '/v1/keys/bulk/shorten-expiry', { ids: [id], expires_at: inDays(9) }),
    ],
    [
      'a policy is tightened',
      () => aKey(`org_${nextId()}`),
      async (id) => {
        const { body } = await app.call('GET', `/v1/keys/${id}`)
        return await app.call('PATCH', `/v1/owners/${body.owner_id}`, {
          max_lifetime_seconds: 86_400,
          apply_at_once: true,
        })
      },
    ],
    [
      'a client stops using secrets',
      aClient,
      (id) =>
        app.call('PATCH', `/v1/clients/${id}`, {
          token_endpoint_auth_method: 'private_key_jwt',
          jwks_uri: 'https://app.example.com/jwks',
        }),
    ],
    [
      'a client is deleted that nobody used',
      async () => {
        const id = await aClient()
        await sql`update clients set source = 'dynamic' where id = ${id}`.execute(app.db)
        return id
      },
      () => hasRoom(app.db, 'dynamic', 1),
      'exposed',
    ],
  ]
  for (const [what, make, change, how = 'accepted'] of CHANGES)
    for (const order of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const)
      it(`OPS-04: neither fails where ${what} while both secrets are reported, ids ${order}`, async () => {
        const id = await make()
        const [first = '', last = ''] = (await orderSecrets(id, order)).toSorted()
        const both = await app.db.transaction().execute(async (tx) => {
          await sql`select id from secrets where id = ${first} for update`.execute(tx)
          const batch = report([first, last], how)
          await waits(1)
          // With the other secret locked already, it and the batch would now wait for each other.
          const changed = change(id)
          await waits(2)
          return { batch, changed }
        })
        assert.equal((await both.batch).status, 200)
        const changed = await both.changed
        assert.ok(changed === true || (typeof changed === 'object' && changed.status === 200), what)
      })

  it('OPS-04: neither fails where grants are revoked while tokens on them are reported', async () => {
    const { client_id: clientId } = await app.clientFor(null)
    await app.keyFor('org_1')
    const now = app.clock.now()
    // Stored in the other order than that of their ids.
    const ids = [`${clientId}b`, `${clientId}a`]
    for (const id of ids)
      await sql`
        insert into grants (id, user_id, client_id, owner_id, scopes, shown, granted_at, consented_at)
        values (${id}, ${id}, ${clientId}, 'org_1', '{}', '{}', ${now}, ${now})`.execute(app.db)
    const both = await app.db.transaction().execute(async (tx) => {
      await sql`select id from grants where id = ${`${clientId}a`} for update`.execute(tx)
      const revoked = app.call('POST', `/v1/clients/${clientId}/revoke`, { reason: 'test' })
      await waits(1)
      const batch = report(ids, 'accepted')
      await waits(2)
      return { batch, revoked }
    })
    assert.deepEqual([(await both.batch).status, (await both.revoked).status], [200, 200])
  })
})
