import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type KyselyPlugin, sql } from 'kysely'
import { openTestApp, type TestApp } from '../../../test/app.ts'
import { changesSince } from '../../../test/bookmark.ts'
import { lastBookmark } from '../../changes/change.store.ts'
import { MAX_HASHES } from '../../changes/change.ts'
import { revokeClient } from '../../clients/suspend-client.ts'
import type { Db } from '../../db/schema.ts'
import type { Caller } from '../../management/caller.ts'
import { blockClient } from '../blocked-clients/block-client.ts'
import { revokeGrantsOfClient } from './revoke-grant.ts'

const MANY = 5_000
/** The chain's head is locked and moved once, for all portions of events. */
const STATEMENTS_FOR_EVENTS = 1

/** The database, and how many statements went through it. */
function counting(db: Db): { readonly db: Db; readonly told: { statements: number } } {
  const told = { statements: 0 }
  const counter: KyselyPlugin = {
    transformQuery: ({ node }) => {
      told.statements += 1
      return node
    },
    transformResult: async ({ result }) => result,
  }
  return { db: db.withPlugin(counter), told }
}

describe('a client that very many have allowed something', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
    await app.keyFor('org_1')
  })
  after(() => app.close())

  const callerNow = (): Caller => ({
    ...{
      actor: { kind: 'admin_key', id: 'adm_test' },
      ip: null,
      requestId: 'req_test',
      now: app.clock.now(),
    },
    ...{ permissions: new Set(), reach: 'every_owner', latestExpiry: null, seesMetadata: true, proof: null },
  })

  /** A client with so many grants for one owner, each with a family and an access token. */
  async function allowedBy(count: number): Promise<string> {
    const { client_id: clientId } = await app.clientFor(null)
    const now = app.clock.now()
    await sql`
      insert into grants (id, user_id, client_id, owner_id, scopes, shown, granted_at, consented_at)
      select ${clientId} || 'grt' || n, 'usr_' || n, ${clientId}, 'org_1', '{orders:read}', '{}', ${now}, ${now}
      from generate_series(1, ${count}::int) as n`.execute(app.db)
    await sql`
      insert into token_families (id, grant_id, client_id, scopes, resources, created_at, expires_at)
      select 'fam' || id, id, client_id, scopes, '{}', ${now}, ${now} from grants where client_id = ${clientId}`.execute(
      app.db,
    )
    await sql`
      insert into access_tokens (hash, family_id, client_id, environment, scopes, resources, created_at, expires_at)
      select sha256(id::bytea), id, client_id, 'live', scopes, '{}', ${now}, ${now}
      from token_families where client_id = ${clientId}`.execute(app.db)
    return clientId
  }

  /** Changes for verifiers after a position: the number of tokens in each row. */
  async function toldAfter(position: number): Promise<string[]> {
    const { changes } = await changesSince(app.db, position)
    return changes
      .filter(({ action }) => action === 'grant.revoked')
      .map(({ hashes, holders }) => (hashes === null ? `all of ${holders?.clientIds}` : `${hashes.length}`))
  }

  const WAYS = [
    {
      what: 'revoked',
      end: (db: Db, clientId: string) =>
        db
          .transaction()
          .execute((tx) => revokeClient(tx, callerNow(), clientId, 'test', revokeGrantsOfClient)),
    },
    {
      what: 'blocked for an owner',
      end: (db: Db, clientId: string) =>
        db
          .transaction()
          .execute((tx) => blockClient(tx, callerNow(), { clientId, ownerId: 'org_1' }, 'test')),
    },
  ]
  for (const { what, end } of WAYS)
    it(`REV-09: is ${what} by as many statements as any other, and verifiers are notified in one row`, async () => {
      const statements: number[] = []
      for (const count of [1, MANY, 2 * MANY + 1]) {
        const clientId = await allowedBy(count)
        const { db, told } = counting(app.db)
        const before = (await lastBookmark(app.db)).position
        assert.ok((await end(db, clientId)).ok)
        statements.push(told.statements)
        const { rows } = await sql<{ standing: number; events: number }>`
          select count(*) filter (where revoked_at is null)::int as standing, (
            select count(*)::int from audit_events
            where action = 'grant.revoked' and detail->>'client_id' = ${clientId}
          ) as events
          from grants where client_id = ${clientId}`.execute(app.db)
        assert.deepEqual(rows, [{ standing: 0, events: count }])
        assert.deepEqual(await toldAfter(before), [count > MAX_HASHES ? `all of ${clientId}` : `${count}`])
      }
      const [one = 0, many = 0, more = 0] = statements
      assert.equal(many, one)
      assert.equal(more, one + 2 * STATEMENTS_FOR_EVENTS, 'what is more is two portions of audit events')
    })
})
