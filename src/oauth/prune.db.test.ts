import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { connect, type OAuthApp, openOAuthApp, pkce, post, redeem } from '../../test/oauth.ts'
import { forgetOldAssertions } from '../clients/authentication/client-assertion.store.ts'
import { revokeUnusedClients } from '../clients/registration/revoke-unused-clients.ts'
import {
  pruneUnusedClients,
  revokeUnusedClientRows,
} from '../clients/registration/unregistered-client.store.ts'
import type { Db, Tx } from '../db/schema.ts'
import { pruneAuthorizationCodes } from './authorize/authorization-code.store.ts'
import { pruneAuthorizationRequests } from './authorize/authorization-request.store.ts'
import { pruneTokens } from './tokens/token-family.store.ts'

const PRUNERS = [pruneUnusedClients, pruneAuthorizationRequests, pruneAuthorizationCodes, pruneTokens]

async function pruneOAuth(db: Db, now: Date): Promise<void> {
  for (const prune of PRUNERS) await prune(db, now)
}

/** A transaction that does more after its first statement, as if another one had committed meanwhile. */
function afterFirst(tx: Tx, more: () => Promise<unknown>): Tx {
  let isFirst = true
  return tx.withPlugin({
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      if (isFirst) {
        isFirst = false
        await more()
      }
      return result
    },
  }) as Tx
}

const TABLES = [
  'authorization_requests',
  'authorization_codes',
  'access_tokens',
  'refresh_tokens',
  'token_families',
] as const

describe('what is over', () => {
  let oauth: OAuthApp
  before(async () => {
    oauth = await openOAuthApp()
  })
  after(() => oauth.close())

  const counts = async () => {
    const { db } = oauth.app
    const rows = TABLES.map((table) =>
      sql<{ n: number }>`select count(*)::int as n from ${sql.table(table)}`.execute(db),
    )
    return (await Promise.all(rows)).map(({ rows: [row] }) => row?.n)
  }

  it('STO-05: expired rows are deleted a day later, in batches; the rest stays and works', async () => {
    const { app } = oauth
    const client = await app.clientFor(null)
    const basic = [client.client_id, client.client_secret] as const
    const { verifier, challenge } = pkce()
    const back = await connect(oauth.jar, { client_id: client.client_id, code_challenge: challenge })
    const body = await redeem(oauth.origin, client, back, verifier)
    const past = new Date(app.clock.now().getTime() - 2 * 86_400_000)
    await sql`
      insert into refresh_tokens (hash, family_id, created_at, expires_at)
      select sha256(('r' || n)::bytea), 'fam_dead', ${past}, ${past} from generate_series(1, 2500) as n`.execute(
      app.db,
    )
    await sql`
      insert into access_tokens (hash, client_id, environment, scopes, resources, created_at, expires_at)
      select sha256(('a' || n)::bytea), 'cli_dead', 'live', '{}', '{}', ${past}, ${past}
      from generate_series(1, 2500) as n`.execute(app.db)
    await pruneOAuth(app.db, app.clock.now())
    assert.deepEqual(await counts(), [1, 1, 1, 1, 1])
    const refresh = { grant_type: 'refresh_token', refresh_token: body.refresh_token }
    assert.equal((await post(oauth.origin, '/oauth/token', refresh, { basic })).status, 200)

    app.clock.advance({ days: 400 })
    await pruneOAuth(app.db, app.clock.now())
    assert.deepEqual(await counts(), [0, 0, 0, 0, 0])
    const { body: grants } = await app.call('GET', '/v1/grants')
    assert.equal(grants.data.length, 1, 'what was granted stays for the record')
  })

  it('REG-10: a self-registered client without grants is deleted within a week', async () => {
    const { app } = oauth
    const [unused, used] = [await app.clientFor(null), await app.clientFor(null)]
    const ids = [unused.client_id, used.client_id]
    await app.db
      .updateTable('clients')
      .set({ source: 'dynamic' } as never)
      .where('id', 'in', ids)
      .execute()
    await connect(oauth.jar, { client_id: used.client_id, code_challenge: pkce().challenge })
    app.clock.advance({ days: 8 })
    await pruneOAuth(app.db, app.clock.now())
    const left = await app.db.selectFrom('clients').select('id').where('source', '=', 'dynamic').execute()
    assert.deepEqual(left, [{ id: used.client_id }])
  })

  it('REG-10: a self-registered client whose grants have all ended is revoked a month later', async () => {
    const { app } = oauth
    const [over, used] = [await app.clientFor(null), await app.clientFor(null)]
    for (const { client_id } of [over, used]) {
      const dynamic = { source: 'dynamic' } as never
      await app.db.updateTable('clients').set(dynamic).where('id', '=', client_id).execute()
      await connect(oauth.jar, { client_id, code_challenge: pkce().challenge })
    }
    await app.call('POST', '/v1/grant-revocations', { client_id: over.client_id, reason: 'test' })
    const stateOf = async ({ client_id }: { client_id: string }) => {
      await pruneOAuth(app.db, app.clock.now())
      await revokeUnusedClients(app.db, app.clock.now())
      return (await app.call('GET', `/v1/clients/${client_id}`)).body.state
    }
    app.clock.advance({ days: 29 })
    assert.equal(await stateOf(over), 'live')
    app.clock.advance({ days: 2 })
    assert.equal(await stateOf(over), 'revoked')
    assert.equal(await stateOf(used), 'live')
  })

  it('REG-10: an app that a user allows just before it is locked is neither revoked nor deleted', async () => {
    const { app } = oauth
    const client = await app.clientFor(null)
    const id = client.client_id
    await app.db
      .updateTable('clients')
      .set({ source: 'dynamic' } as never)
      .where('id', '=', id)
      .execute()
    await connect(oauth.jar, { client_id: id, code_challenge: pkce().challenge })
    await app.call('POST', '/v1/grant-revocations', { client_id: id, reason: 'test' })
    app.clock.advance({ days: 31 })
    const now = app.clock.now()
    await app.db.transaction().execute(async (tx) => {
      const grantAnew = sql`update grants set revoked_at = null, expires_at = null where client_id = ${id}`
      const revoke = (on: Tx) => revokeUnusedClientRows(on, now, { now, reason: 'test' })
      assert.deepEqual(await revoke(afterFirst(tx, () => grantAnew.execute(tx))), [])
      await sql`update grants set revoked_at = ${now} where client_id = ${id}`.execute(tx)
      assert.deepEqual(await revoke(tx), [id])
    })
  })

  it('an unanswered request is deleted soon; an assertion only when no server’s clock could accept it', async () => {
    const { app } = oauth
    const client = await app.clientFor(null)
    const ago = (seconds: number) => new Date(app.clock.now().getTime() - seconds * 1000)
    for (const [name, at] of [
      ['old', ago(601)],
      ['new', ago(599)],
    ] as const) {
      await sql`
        insert into authorization_requests (
          hash, browser_hash, client_id, redirect_uri, scopes, resources, code_challenge, prompt, created_at, expires_at
        ) values (
          sha256(${Buffer.from(name)}::bytea), sha256('b'), ${client.client_id}, 'x', '{}', '{}', 'x', '{}', ${at}, ${at}
        )`.execute(app.db)
      await sql`
        insert into client_assertions (client_id, jti_hash, forget_at)
        values (${client.client_id}, sha256(${Buffer.from(name)}::bytea), ${at})`.execute(app.db)
    }
    await pruneOAuth(app.db, app.clock.now())
    await forgetOldAssertions(app.db, app.clock.now())
    for (const table of ['authorization_requests', 'client_assertions']) {
      const { rows } = await sql<{ n: number }>`
        select count(*)::int as n from ${sql.table(table)} where client_id = ${client.client_id}`.execute(
        app.db,
      )
      assert.equal(rows[0]?.n, 1, table)
    }
  })
})
