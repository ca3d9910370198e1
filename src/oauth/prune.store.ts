import { type RawBuilder, sql } from 'kysely'
import { addSeconds } from '../base/clock.ts'
import type { Db } from '../db/schema.ts'
import { forgetUnusedClients } from './self-described.store.ts'

/** A client that nobody registered, and that nobody allowed anything for so long, is forgotten. */
const UNUSED_SECONDS = 7 * 86_400
const BATCH = 1_000
const MAX_BATCHES = 1_000
/** What is over is kept a little longer, so that the log can still say why it was refused. */
const KEPT_SECONDS = 86_400
/** Anybody can begin to ask, without a client's secret and without signing in: what nobody answered says nothing later. */
const KEPT_REQUEST_SECONDS = 600

/**
 * Forgets what can be presented no more: in short statements by index, which hold nothing up. A code or a refresh token
 * that was spent is kept for as long as it would have lived, so that its second use is noticed. Grants stay.
 */
export async function pruneOAuth(db: Db, now: Date): Promise<void> {
  const before = addSeconds(now, -KEPT_SECONDS)
  await forgetUnusedClients(db, addSeconds(now, -UNUSED_SECONDS))
  await forgetExpired(db, 'authorization_requests', addSeconds(now, -KEPT_REQUEST_SECONDS))
  for (const table of ['authorization_codes', 'access_tokens', 'refresh_tokens'] as const)
    await forgetExpired(db, table, before)
  await inBatches(
    db,
    sql`delete from token_families where id in (
      select id from token_families where expires_at < ${before} order by expires_at limit ${BATCH}
    )`,
  )
}

async function forgetExpired(
  db: Db,
  table: 'authorization_requests' | 'authorization_codes' | 'access_tokens' | 'refresh_tokens',
  before: Date,
): Promise<void> {
  await inBatches(
    db,
    sql`delete from ${sql.table(table)} where hash in (
      select hash from ${sql.table(table)} where expires_at < ${before} order by expires_at limit ${BATCH}
    )`,
  )
}

async function inBatches(db: Db, statement: RawBuilder<unknown>): Promise<void> {
  for (let batch = 0; batch < MAX_BATCHES; batch++) {
    const { numAffectedRows } = await statement.execute(db)
    if (Number(numAffectedRows ?? 0) < BATCH) return
  }
}
