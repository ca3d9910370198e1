import type { UsageBatch } from '@doorward/sdk/kernel'
import { sql } from 'kysely'
import type { Origin } from '../audit/audit-event.ts'
import { addSeconds } from '../base/clock.ts'
import { record } from '../changes/record.ts'
import { forgetBefore } from '../db/in-batches.ts'
import type { Db, Tx } from '../db/schema.ts'
import { recordDayOfUse } from '../keys/key-hints.store.ts'
import { SUMS_BY_SCOPE } from '../keys/scope-use.ts'
import { noteExercisedScopes } from './exercised-scope.store.ts'
import { noteAddresses } from './last-address.store.ts'
import { noteLastRefusals } from './last-refusal.store.ts'
import { lockDueUses, noteLastUse } from './last-use.store.ts'
import { noteNetworks } from './seen-network.store.ts'
import {
  ALL,
  byScopeUnder,
  type Counted,
  type KeyOfSecret,
  outdatedBefore,
  startOf,
  UNKNOWN,
  underOwner,
} from './usage.ts'

/**
 * Writes a batch of counted verifications, in a handful of statements whatever its size. Idempotent: the same batch, sent
 * again because a response was lost, counts once, since the second waits for the first and finds its id. Skips unknown
 * credentials (made up, or another database's).
 */
export async function storeUsage(db: Db, origin: Origin, batch: UsageBatch): Promise<void> {
  const used = await db.transaction().execute(async (tx) => {
    const fresh = await tx
      .insertInto('usage_batches')
      .values({ id: batch.id, received_at: origin.now })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    if (fresh.numInsertedOrUpdatedRows !== 1n) return []

    const items = batch.items.map((item) => toCounted(item, origin.now))
    const exposed = batch.exposed.map((each) => Buffer.from(each.hash, 'hex'))
    const known = await findKnown(tx, [...new Set(items.map((item) => item.credentialId))])
    const ours = items.filter((item) => item.credentialId === UNKNOWN || known.has(item.credentialId))
    const used = ours.filter((item) => item.outcome === 'accepted')
    const due = await lockDueUses(tx, used, exposed)
    await addCounts(
      tx,
      'usage_minutes',
      ours.filter((item) => item.credentialId !== UNKNOWN),
    )
    await noteLastUse(tx, used, due)
    await noteExposures(tx, origin, exposed)
    await noteAddresses(
      tx,
      ours.filter((item) => known.get(item.credentialId) != null),
    )
    await noteExercisedScopes(tx, used, known)
    await noteNetworks(tx, used, known)
    // Last, because every batch writes the same rows here: their locks are held only as long as a commit takes.
    await noteLastRefusals(
      tx,
      ours.filter((item) => item.outcome !== 'accepted'),
      known,
    )
    await addCounts(tx, 'usage_hours', sumsByScope(ours, known))
    await addCounts(tx, 'usage_minutes', [
      ...ours.filter((item) => item.credentialId === UNKNOWN),
      ...sumsByOutcome(ours, known),
    ])
    return used
  })
  await recordDayOfUse(
    db,
    used.map((item) => item.credentialId),
    origin.now,
  )
}

/** Owners and keys of the known credentials; null where one belongs to no key. */
type Known = ReadonlyMap<string, KeyOfSecret | null>

/** Counts for the totals of everything and of each owner; each verification is one call. */
function sumsByOutcome(items: readonly Counted[], known: Known): Counted[] {
  return items
    .filter((item) => item.calls > 0)
    .flatMap((item) => {
      const of = known.get(item.credentialId)
      const ids = of == null ? [ALL] : [ALL, underOwner(of.ownerId)]
      return ids.map((credentialId) => ({ ...item, credentialId, scope: '', count: item.calls }))
    })
}

/** Counts for the sums by scope. Unknown credentials are not among them. */
function sumsByScope(items: readonly Counted[], known: Known): Counted[] {
  return items
    .filter((item) => item.credentialId !== UNKNOWN)
    .flatMap((item) => {
      const of = known.get(item.credentialId)
      const ids = of == null ? [SUMS_BY_SCOPE] : [SUMS_BY_SCOPE, byScopeUnder(of.ownerId)]
      const outcome = item.outcome === 'accepted' ? 'accepted' : 'refused'
      return ids.map((credentialId) => ({
        ...item,
        ...{ credentialId, outcome, bucket: startOf('hour', item.bucket) },
      }))
    })
}

/** Clamps times to the retention period and to now, since a sender's clock may be wrong. */
function toCounted(item: UsageBatch['items'][number], now: Date): Counted {
  const earliest = outdatedBefore('day', now)
  const plausible = (at: Date) => (at > now ? now : at < earliest ? earliest : at)
  const { credentialId, minute, ...same } = item
  const counted = { ...same, bucket: startOf('minute', plausible(minute)), lastAt: plausible(item.lastAt) }
  return credentialId === null
    ? { ...counted, credentialId: UNKNOWN, outcome: UNKNOWN, scope: '' }
    : { ...counted, credentialId }
}

/**
 * Finds the known ids: secrets, and for tokens grants and clients.
 *
 * @returns the key that each belongs to; null where it belongs to none
 */
async function findKnown(tx: Tx, ids: readonly string[]): Promise<Known> {
  if (ids.length === 0) return new Map()
  const { rows: holders } = await sql<{ id: string }>`
    select id from grants where id = any(${ids}::text[])
    union all
    select id from clients where id = any(${ids}::text[])`.execute(tx)
  const rows = await tx
    .selectFrom('secrets')
    .leftJoin('keys', 'keys.id', 'secrets.holder_id')
    .select(['secrets.id', 'keys.id as keyId', 'keys.owner_id as ownerId'])
    .where(sql<boolean>`secrets.id = any(${ids}::text[])`)
    .execute()
  return new Map<string, KeyOfSecret | null>([
    ...holders.map(({ id }) => [id, null] as const),
    ...rows.map(({ id, keyId, ownerId }) => {
      return [id, keyId === null || ownerId === null ? null : { keyId, ownerId }] as const
    }),
  ])
}

/** Adds counts, however old: the next roll-up moves late ones on. */
async function addCounts(
  tx: Tx,
  table: 'usage_minutes' | 'usage_hours',
  items: readonly Counted[],
): Promise<void> {
  if (items.length === 0) return
  const to = sql.table(table)
  await sql`
    insert into ${to} (credential_id, bucket, outcome, scope, count, calls)
    select credential_id, bucket, outcome, scope, sum(count), sum(calls)
    from unnest(
      ${items.map((item) => item.credentialId)}::text[],
      ${items.map((item) => item.bucket)}::timestamptz[],
      ${items.map((item) => item.outcome)}::text[],
      ${items.map((item) => item.scope)}::text[],
      ${items.map((item) => item.count)}::bigint[],
      ${items.map((item) => item.calls)}::bigint[]
    ) as batch (credential_id, bucket, outcome, scope, count, calls)
    group by credential_id, bucket, outcome, scope
    order by credential_id, bucket, outcome, scope
    on conflict (credential_id, bucket, outcome, scope) do update set
      count = ${to}.count + excluded.count,
      calls = ${to}.calls + excluded.calls`.execute(tx)
}

/** Marks leaked secrets as exposed, once, each with an audit event. */
async function noteExposures(tx: Tx, origin: Origin, hashes: readonly Buffer[]): Promise<void> {
  if (hashes.length === 0) return
  const exposed = await tx
    .updateTable('secrets')
    .set({ exposed_at: origin.now })
    .where(sql<boolean>`hash = any(${hashes}::bytea[])`)
    .where('exposed_at', 'is', null)
    .returning(['id', 'holder_id', 'hint'])
    .execute()
  for (const secret of exposed) {
    const { table, action } = kindOfHolder(secret.holder_id)
    const holder = await tx
      .selectFrom(table)
      .select('owner_id')
      .where('id', '=', secret.holder_id)
      .executeTakeFirst()
    const detail = { secret_id: secret.id, hint: secret.hint, where: 'url' }
    const target = { id: secret.holder_id, ownerId: holder?.owner_id ?? null }
    await record(tx, origin, { action, target, detail })
  }
}

function kindOfHolder(id: string) {
  if (id.startsWith('cli_')) return { table: 'clients', action: 'client.exposed' } as const
  if (id.startsWith('adm_')) return { table: 'admin_keys', action: 'admin_key.exposed' } as const
  return { table: 'keys', action: 'key.exposed' } as const
}

/** Deletes batch ids after a day: longer than any sender retries. */
export async function forgetOldBatches(db: Db, now: Date): Promise<void> {
  await forgetBefore(db, 'usage_batches', 'received_at', addSeconds(now, -24 * 3600))
}
