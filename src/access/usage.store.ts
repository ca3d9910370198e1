import type { UsageBatch } from '@doorward/sdk/kernel'
import { sql } from 'kysely'
import { recordEvents } from '../audit/audit-event.store.ts'
import type { Origin } from '../audit/audit-event.ts'
import { addSeconds } from '../base/clock.ts'
import type { Db, Tx } from '../db/schema.ts'

/**
 * Writes a batch of counted verifications, in a handful of statements whatever its size. The same batch, sent again
 * because an answer was lost, counts once. What is not known here (made up, or another database's) is passed over.
 */
export async function storeUsage(db: Db, origin: Origin, batch: UsageBatch): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const fresh = await tx
      .insertInto('usage_batches')
      .values({ id: batch.id, received_at: origin.now })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    if (fresh.numInsertedOrUpdatedRows !== 1n) return

    const known = await lockSecrets(tx, [...new Set(batch.items.map((item) => item.credentialId))])
    const items = batch.items.filter((item) => known.has(item.credentialId))
    const latest = (at: Date) => (at < origin.now ? at : origin.now)
    await addCounts(
      tx,
      items.map((item) => ({ ...item, hour: startOfHour(latest(item.lastAt)) })),
    )
    await noteLastUse(
      tx,
      items
        .filter((item) => item.outcome === 'accepted')
        .map((item) => ({ ...item, lastAt: latest(item.lastAt) })),
    )
    await noteExposures(
      tx,
      origin,
      batch.exposed.map((each) => each.hash),
    )
  })
}

type Item = UsageBatch['items'][number]

/** In one order, so that two batches with the same secrets wait for each other and do not block each other. */
async function lockSecrets(tx: Tx, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set()
  const rows = await tx
    .selectFrom('secrets')
    .select('id')
    .where(sql<boolean>`id = any(${ids}::text[])`)
    .orderBy('id')
    .forUpdate()
    .execute()
  return new Set(rows.map((row) => row.id))
}

async function addCounts(tx: Tx, items: readonly (Item & { hour: Date })[]): Promise<void> {
  if (items.length === 0) return
  await sql`
    insert into usage (credential_id, outcome, hour, count)
    select credential_id, outcome, hour, sum(count)
    from unnest(
      ${items.map((item) => item.credentialId)}::text[],
      ${items.map((item) => item.outcome)}::text[],
      ${items.map((item) => item.hour)}::timestamptz[],
      ${items.map((item) => item.count)}::bigint[]
    ) as batch (credential_id, outcome, hour, count)
    group by credential_id, outcome, hour
    order by credential_id, outcome, hour
    on conflict (credential_id, hour, outcome) do update set count = usage.count + excluded.count`.execute(tx)
}

async function noteLastUse(tx: Tx, items: readonly Item[]): Promise<void> {
  if (items.length === 0) return
  await sql`
    update secrets set
      last_used_at = latest.at,
      last_used_ip = latest.ip,
      last_used_user_agent = latest.user_agent
    from (
      select distinct on (id) id, at, ip, user_agent
      from unnest(
        ${items.map((item) => item.credentialId)}::text[],
        ${items.map((item) => item.lastAt)}::timestamptz[],
        ${items.map((item) => item.lastIp)}::text[],
        ${items.map((item) => item.lastUserAgent)}::text[]
      ) as batch (id, at, ip, user_agent)
      order by id, at desc
    ) as latest
    where secrets.id = latest.id and (secrets.last_used_at is null or secrets.last_used_at < latest.at)`.execute(
    tx,
  )
}

/** A secret seen where none belongs is marked, once, and told in the audit log. */
async function noteExposures(tx: Tx, origin: Origin, hashes: readonly string[]): Promise<void> {
  if (hashes.length === 0) return
  const exposed = await tx
    .updateTable('secrets')
    .set({ exposed_at: origin.now })
    .where(sql<boolean>`hash = any(${hashes.map((hash) => Buffer.from(hash, 'hex'))}::bytea[])`)
    .where('exposed_at', 'is', null)
    .returning(['id', 'holder_id', 'hint'])
    .execute()
  const events = []
  for (const secret of exposed) {
    const key = await tx
      .selectFrom('keys')
      .select('owner_id')
      .where('id', '=', secret.holder_id)
      .executeTakeFirst()
    const detail = { secret_id: secret.id, hint: secret.hint, where: 'url' }
    const target = { ownerId: key?.owner_id ?? null, targetId: secret.holder_id }
    events.push({ action: 'key.exposed', result: 'done', ...target, detail } as const)
  }
  await recordEvents(tx, origin, events)
}

/** What was counted for a key, hour by hour, newest first. */
export async function usageOf(db: Db, keyId: string, since: Date) {
  return await db
    .selectFrom('usage')
    .innerJoin('secrets', 'secrets.id', 'usage.credential_id')
    .select(['usage.credential_id', 'usage.outcome', 'usage.hour', 'usage.count'])
    .where('secrets.holder_id', '=', keyId)
    .where('usage.hour', '>=', since)
    .orderBy('usage.hour', 'desc')
    .orderBy('usage.credential_id')
    .orderBy('usage.outcome')
    .limit(5_000)
    .execute()
}

/** Batch ids are kept a day: longer than any sender goes on trying. */
export async function forgetOldBatches(db: Db, now: Date): Promise<void> {
  await db
    .deleteFrom('usage_batches')
    .where('received_at', '<', addSeconds(now, -24 * 3600))
    .execute()
}

function startOfHour(at: Date): Date {
  const hour = new Date(at)
  hour.setUTCMinutes(0, 0, 0)
  return hour
}
