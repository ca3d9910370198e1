import type { Selectable } from 'kysely'
import type { Db, Schema, Tx } from '../../db/schema.ts'
import type { DefaultRole, SingleSignOn, SsoTest } from './single-sign-on.ts'

/** The identity provider; undefined: there is none. */
export async function findSingleSignOn(db: Db): Promise<SingleSignOn | undefined> {
  const row = await db.selectFrom('single_sign_on').selectAll().executeTakeFirst()
  return row === undefined ? undefined : toSingleSignOn(row)
}

/** The same, share-locked until the transaction ends: a change waits for what it must see. */
export async function holdSingleSignOn(tx: Tx): Promise<SingleSignOn | undefined> {
  const row = await tx.selectFrom('single_sign_on').selectAll().forShare().executeTakeFirst()
  return row === undefined ? undefined : toSingleSignOn(row)
}

/** The same, locked for a change. */
export async function lockSingleSignOn(tx: Tx): Promise<SingleSignOn | undefined> {
  const row = await tx.selectFrom('single_sign_on').selectAll().forUpdate().executeTakeFirst()
  return row === undefined ? undefined : toSingleSignOn(row)
}

/** Stores the provider in place of an earlier one. */
export async function putSingleSignOn(tx: Tx, given: SingleSignOn): Promise<void> {
  const values = {
    version: given.version,
    issuer: given.issuer,
    client_id: given.clientId,
    sealed_client_secret: given.sealedClientSecret,
    domains: [...given.domains],
    default_role: given.defaultRole,
    changed_at: given.changedAt,
    tested_at: given.test?.at ?? null,
    tested_by: given.test?.staffId ?? null,
    states_auth_time: given.test?.statesAuthTime ?? null,
    required_since: given.requiredSince,
  }
  await tx
    .insertInto('single_sign_on')
    .values(values)
    .onConflict((conflict) => conflict.column('only_row').doUpdateSet(values))
    .execute()
}

/** Notes a successful test, while the provider is the one that was tested. */
export async function putTest(
  tx: Tx,
  version: string,
  { at, staffId, statesAuthTime }: SsoTest,
): Promise<void> {
  await tx
    .updateTable('single_sign_on')
    .set({ tested_at: at, tested_by: staffId, states_auth_time: statesAuthTime })
    .where('version', '=', version)
    .execute()
}

export async function putRequired(tx: Tx, since: Date | null): Promise<void> {
  await tx.updateTable('single_sign_on').set({ required_since: since }).execute()
}

export async function deleteSingleSignOn(tx: Tx): Promise<void> {
  await tx.deleteFrom('single_sign_on').execute()
}

function toSingleSignOn(row: Selectable<Schema['single_sign_on']>): SingleSignOn {
  const { tested_at: at, tested_by: staffId, states_auth_time: statesAuthTime } = row
  return {
    version: row.version,
    issuer: row.issuer,
    clientId: row.client_id,
    sealedClientSecret: row.sealed_client_secret,
    domains: row.domains,
    defaultRole: row.default_role as DefaultRole,
    changedAt: row.changed_at,
    test: at === null || staffId === null ? null : { at, staffId, statesAuthTime: statesAuthTime === true },
    requiredSince: row.required_since,
  }
}
