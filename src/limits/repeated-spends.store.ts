import { sql } from 'kysely'
import { addSeconds } from '../base/clock.ts'
import { forgetBefore } from '../db/in-batches.ts'
import type { Db, Tx } from '../db/schema.ts'

/** An SDK repeats a request within ten seconds; the rest is for clocks and slow connections. */
const KEPT_SECONDS = 120

/** The decisions on a request that spends quotas. */
export interface NotedSpends {
  /** Made by the sender. */
  readonly id: string
  /** In the order of the spends; null for a credential that does not exist. */
  readonly granted: readonly (boolean | null)[]
  readonly spentAt: Date
}

/**
 * Notes a request before it spends. Call it once the accounts are locked: of concurrent requests with one id, one gets
 * through, and the others wait here for its end.
 *
 * @returns null where the request is the first with its id, else the first
 */
export async function noteSpends(tx: Tx, noted: NotedSpends): Promise<NotedSpends | null> {
  const { id, granted, spentAt } = noted
  const { rows } = await sql`
    insert into quota_spends (id, granted, spent_at) values (${id}, ${[...granted]}::boolean[], ${spentAt})
    on conflict (id) do nothing returning id`.execute(tx)
  if (rows.length > 0) return null
  return await tx
    .selectFrom('quota_spends')
    .select(['id', 'granted', 'spent_at as spentAt'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
}

export async function forgetOldSpends(db: Db, now: Date): Promise<void> {
  await forgetBefore(db, 'quota_spends', 'spent_at', addSeconds(now, -KEPT_SECONDS))
}
