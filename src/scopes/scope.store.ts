import { type Selectable, sql } from 'kysely'
import type { Db, Schema, Tx } from '../db/schema.ts'
import { reachOf } from './reach.ts'
import type { Api, CatalogueScope, ScopeDeclaration } from './scope.ts'

/** The whole catalogue, by name: tens or hundreds of rows. */
export async function allScopes(db: Db): Promise<CatalogueScope[]> {
  return (await db.selectFrom('scopes').selectAll().orderBy('name').execute()).map(fromRow)
}

/** The catalogue under a shared lock: it cannot change until the transaction ends. */
export async function holdCatalogue(tx: Tx): Promise<CatalogueScope[]> {
  await tx.selectFrom('apis').select('id').where('is_default', '=', true).forShare().execute()
  return await allScopes(tx)
}

/** The catalogue under an exclusive lock, for a change to it; readers go on. */
export async function lockCatalogue(tx: Tx): Promise<CatalogueScope[]> {
  await tx.selectFrom('apis').select('id').where('is_default', '=', true).forUpdate().execute()
  return await allScopes(tx)
}

export async function insertScope(tx: Tx, scope: ScopeDeclaration, now: Date): Promise<void> {
  const { name, apiId, description, sensitivity, implies } = scope
  await tx
    .insertInto('scopes')
    .values({ name, api_id: apiId, description, sensitivity, implies: [...implies], created_at: now })
    .execute()
}

export async function updateScope(tx: Tx, scope: ScopeDeclaration): Promise<void> {
  const { name, apiId, description, sensitivity, implies } = scope
  await tx
    .updateTable('scopes')
    .set({ api_id: apiId, description, sensitivity, implies: [...implies] })
    .where('name', '=', name)
    .execute()
}

export async function setDeprecation(tx: Tx, name: string, at: Date | null): Promise<void> {
  await tx.updateTable('scopes').set({ deprecated_at: at }).where('name', '=', name).execute()
}

export async function deleteScope(tx: Tx, name: string): Promise<void> {
  await tx.deleteFrom('scopes').where('name', '=', name).execute()
}

/** Number of keys that hold a scope, and of clients that have it in a list of theirs; revoked ones do not count. */
export async function holdersOf(db: Db, name: string): Promise<{ keys: number; clients: number }> {
  const { rows } = await sql<{ keys: number; clients: number }>`
    select
      (select count(*) from keys where scopes @> ${[name]}::text[] and revoked_at is null) as keys,
      (
        select count(*) from clients
        where ${name} = any(required_scopes || optional_scopes || client_credentials_scopes)
        and revoked_at is null
      ) as clients`.execute(db)
  const [{ keys, clients } = { keys: 0, clients: 0 }] = rows
  return { keys: Number(keys), clients: Number(clients) }
}

export async function allApis(db: Db): Promise<Api[]> {
  const rows = await db.selectFrom('apis').selectAll().orderBy('created_at').orderBy('id').execute()
  return rows.map(({ is_default, created_at, ...same }) => ({
    ...same,
    isDefault: is_default,
    createdAt: created_at,
  }))
}

/** Adds an API unless its identifier is taken. */
export async function insertApi(
  tx: Tx,
  api: Omit<Api, 'isDefault' | 'createdAt'>,
  now: Date,
): Promise<boolean> {
  const done = await tx
    .insertInto('apis')
    .values({ ...api, is_default: false, created_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return done.numInsertedOrUpdatedRows === 1n
}

export async function updateApi(tx: Tx, { id, identifier, name }: Pick<Api, 'id' | 'identifier' | 'name'>) {
  await tx.updateTable('apis').set({ identifier, name }).where('id', '=', id).execute()
}

function fromRow(row: Selectable<Schema['scopes']>): CatalogueScope {
  return {
    name: row.name,
    apiId: row.api_id,
    description: row.description,
    sensitivity: row.sensitivity,
    implies: row.implies,
    deprecatedAt: row.deprecated_at,
    createdAt: row.created_at,
  }
}

/** Scopes for clients that registered themselves: those that reach nothing sensitive, and are not deprecated. */
export async function basicScopes(db: Db): Promise<readonly string[]> {
  const catalogue = await allScopes(db)
  const reach = reachOf(catalogue)
  return catalogue.flatMap(({ name, deprecatedAt }) =>
    deprecatedAt === null && reach.get(name)?.sensitivity === 'basic' ? [name] : [],
  )
}
