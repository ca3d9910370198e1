import { sql } from 'kysely'
import { addSeconds } from '../base/clock.ts'
import { forgetBefore } from '../db/in-batches.ts'
import type { Db, Tx } from '../db/schema.ts'
import { type Counted, KEPT_SECONDS, type KeyOfSecret, startOf } from './usage.ts'

/**
 * Stores the last day on which a key was accepted for a scope: one row for each, written once a day. A key's usage over 90
 * days is tens of thousands of rows.
 */
export async function noteExercisedScopes(
  tx: Tx,
  accepted: readonly Counted[],
  keys: ReadonlyMap<string, KeyOfSecret | null>,
): Promise<void> {
  const items = accepted.flatMap((item) => {
    const keyId = keys.get(item.credentialId)?.keyId
    return keyId === undefined || item.scope === '' ? [] : [{ ...item, keyId }]
  })
  if (items.length === 0) return
  // Rows that are written today already are not even locked. In one order, since two secrets of a key may be in two batches.
  await sql`
    insert into exercised_scopes (key_id, scope, last_day)
    select key_id, scope, last_day from (
      select key_id, scope, max(day) as last_day
      from unnest(
        ${items.map((item) => item.keyId)}::text[],
        ${items.map((item) => item.scope)}::text[],
        ${items.map((item) => startOf('day', item.bucket))}::timestamptz[]
      ) as batch (key_id, scope, day)
      group by key_id, scope
    ) as latest
    where not exists (
      select from exercised_scopes as known
      where known.key_id = latest.key_id and known.scope = latest.scope and known.last_day >= latest.last_day
    )
    order by key_id, scope
    on conflict (key_id, scope) do update set last_day = excluded.last_day
    where exercised_scopes.last_day < excluded.last_day`.execute(tx)
}

/** Scopes for which a key was accepted, each with the start of the last day. */
export async function exercisedScopesOf(db: Db, keyId: string): Promise<ReadonlyMap<string, Date>> {
  const rows = await db
    .selectFrom('exercised_scopes')
    .select(['scope', 'last_day'])
    .where('key_id', '=', keyId)
    .execute()
  return new Map(rows.map((row) => [row.scope, row.last_day]))
}

/** Deletes rows that are older than all counts. */
export async function forgetOldScopes(db: Db, now: Date): Promise<void> {
  await forgetBefore(db, 'exercised_scopes', 'last_day', addSeconds(now, -KEPT_SECONDS.day))
}
