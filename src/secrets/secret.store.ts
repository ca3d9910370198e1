import { withoutCredentials } from '@doorward/sdk/kernel'
import { type Selectable, sql } from 'kysely'
import type { Db, Schema, Tx } from '../db/schema.ts'
import type { StoredSecret } from './secret.ts'

export async function insertSecret(
  tx: Tx,
  secret: Pick<StoredSecret, 'id' | 'holderId' | 'hint' | 'createdAt' | 'expiresAt'> & {
    hash: string
    isSelfIssued: boolean
  },
): Promise<void> {
  await tx
    .insertInto('secrets')
    .values({
      hash: Buffer.from(secret.hash, 'hex'),
      id: secret.id,
      holder_id: secret.holderId,
      hint: secret.hint,
      created_at: secret.createdAt,
      expires_at: secret.expiresAt,
      is_self_issued: secret.isSelfIssued,
    })
    .execute()
}

/** All secrets of some holders, newest first. */
export async function secretsOf(db: Db, holderIds: readonly string[]): Promise<StoredSecret[]> {
  if (holderIds.length === 0) return []
  const rows = await db
    .selectFrom('secrets')
    .selectAll()
    .where('holder_id', 'in', holderIds)
    .orderBy('created_at', 'desc')
    .execute()
  return rows.map(fromRow)
}

/** The secrets of some holders that work by themselves at a moment, newest first. Holders can have very many that do not. */
export async function workingSecretsOf(
  db: Db,
  holderIds: readonly string[],
  now: Date,
): Promise<StoredSecret[]> {
  const rows = await db
    .selectFrom('secrets')
    .selectAll()
    .where(sql<boolean>`holder_id = any(${holderIds}::text[])`)
    .where('revoked_at', 'is', null)
    .where('retired_at', 'is', null)
    .where(sql<boolean>`(retires_at is null or retires_at > ${now}::timestamptz)`)
    .where(sql<boolean>`(expires_at is null or expires_at > ${now}::timestamptz)`)
    .orderBy('created_at', 'desc')
    .execute()
  return rows.map(fromRow)
}

/** The latest use of any secret of some holders, those that do not work any more among them. */
export async function lastUsesOf(db: Db, holderIds: readonly string[]): Promise<ReadonlyMap<string, Date>> {
  const rows = await db
    .selectFrom('secrets')
    .select((eb) => ['holder_id', eb.fn.max('last_used_at').as('at')])
    .where(sql<boolean>`holder_id = any(${holderIds}::text[])`)
    .where('last_used_at', 'is not', null)
    .groupBy('holder_id')
    .execute()
  return new Map(rows.flatMap(({ holder_id, at }) => (at === null ? [] : [[holder_id, at] as const])))
}

/**
 * Locks the secrets of some holders until the transaction ends. Transactions that lock several secrets do so in the order
 * of ids, as batches of usage do, and after their holders: otherwise two of them could wait for each other.
 */
export async function lockSecretsOf(tx: Tx, holderIds: readonly string[]): Promise<void> {
  await sql`
    select id from secrets where holder_id = any(${holderIds}::text[]) order by id for update`.execute(tx)
}

/** The id of the holder of the secret with this hash. */
export async function holderOf(db: Db, hash: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('secrets')
    .select('holder_id')
    .where('hash', '=', Buffer.from(hash, 'hex'))
    .executeTakeFirst()
  return row?.holder_id
}

/** The id of the secret with this hash. */
export async function secretIdByHash(db: Db, hash: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('secrets')
    .select('id')
    .where('hash', '=', Buffer.from(hash, 'hex'))
    .executeTakeFirst()
  return row?.id
}

/** True where a key gave itself its current secret. */
export async function isCurrentSelfIssued(db: Db, holderId: string): Promise<boolean> {
  const row = await db
    .selectFrom('secrets')
    .select('is_self_issued')
    .where('holder_id', '=', holderId)
    .where('revoked_at', 'is', null)
    .where('retires_at', 'is', null)
    .executeTakeFirst()
  return row?.is_self_issued ?? false
}

/** The hash of a secret, in hex. */
export async function hashOfSecret(db: Db, id: string): Promise<string | undefined> {
  const row = await db.selectFrom('secrets').select('hash').where('id', '=', id).executeTakeFirst()
  return row === undefined ? undefined : Buffer.from(row.hash).toString('hex')
}

/** Sets the end of the overlap. With `endedAt` it has ended by every clock. */
export async function retireSecret(
  tx: Tx,
  holderId: string,
  id: string,
  overlap: { endsAt: Date; endedAt: Date | null },
): Promise<void> {
  await tx
    .updateTable('secrets')
    .set({ retires_at: overlap.endsAt, retired_at: overlap.endedAt })
    .where('id', '=', id)
    .where('holder_id', '=', holderId)
    .where('retired_at', 'is', null)
    .execute()
}

/** Moves the end of an overlap that still runs, and sets after which silence it ends. */
export async function moveOverlap(
  tx: Tx,
  holderId: string,
  id: string,
  { endsAt, finishWhenSilentSeconds }: { endsAt: Date; finishWhenSilentSeconds: number | null },
): Promise<void> {
  await tx
    .updateTable('secrets')
    .set({ retires_at: endsAt, finish_when_silent_seconds: finishWhenSilentSeconds })
    .where('id', '=', id)
    .where('holder_id', '=', holderId)
    .where('retired_at', 'is', null)
    .execute()
}

/** Keys whose rotation may finish by itself at this moment, at most so many; the rule decides under the key's lock. */
export async function keysWithSilentSecret(db: Db, now: Date, most: number): Promise<string[]> {
  const { rows } = await sql<{ holderId: string }>`
    select holder_id as "holderId" from secrets
    where finish_when_silent_seconds is not null and retired_at is null and revoked_at is null
      and holder_id like 'key\\_%' and retires_at > ${now}::timestamptz
      and coalesce(last_used_at, created_at)
        <= ${now}::timestamptz - make_interval(secs => finish_when_silent_seconds)
      and exists (select from keys where keys.id = secrets.holder_id and keys.revoked_at is null)
      and exists (
        select from secrets as next
        where next.holder_id = secrets.holder_id and next.retires_at is null and next.revoked_at is null
          and next.last_used_at > greatest(secrets.last_used_at, next.created_at)
          and next.created_at
            <= ${now}::timestamptz - make_interval(secs => secrets.finish_when_silent_seconds)
      )
    order by id limit ${most}`.execute(db)
  return rows.map(({ holderId }) => holderId)
}

/** Removes the end of an overlap that still runs. */
export async function reinstateSecret(tx: Tx, holderId: string, id: string): Promise<void> {
  await tx
    .updateTable('secrets')
    .set({ retires_at: null, finish_when_silent_seconds: null })
    .where('id', '=', id)
    .where('holder_id', '=', holderId)
    .where('retired_at', 'is', null)
    .execute()
}

/** Revokes a new secret unless it was used. The `WHERE` clause is the lock. @returns false if it was used */
export async function revokeUnusedSecret(tx: Tx, holderId: string, id: string, now: Date): Promise<boolean> {
  const done = await tx
    .updateTable('secrets')
    .set({ revoked_at: now })
    .where('id', '=', id)
    .where('holder_id', '=', holderId)
    .where('revoked_at', 'is', null)
    .where('last_used_at', 'is', null)
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}

/** Ends all secrets of a holder for good. */
export async function revokeSecrets(tx: Tx, holderId: string, now: Date): Promise<void> {
  await lockSecretsOf(tx, [holderId])
  await tx
    .updateTable('secrets')
    .set({ revoked_at: now })
    .where('holder_id', '=', holderId)
    .where('revoked_at', 'is', null)
    .execute()
}

/** Deletes all secrets of some holders. */
export async function deleteSecretsOf(tx: Tx, holderIds: readonly string[]): Promise<void> {
  await lockSecretsOf(tx, holderIds)
  await sql`delete from secrets where holder_id = any(${holderIds}::text[])`.execute(tx)
}

/** A user agent as it is stored: others' words, without what looks like a credential. */
export function printableUserAgent(userAgent: string | null): string | null {
  const clean = userAgent === null ? null : withoutCredentials(userAgent)
  return clean?.replace(/[^\x20-\x7e]/g, '').slice(0, 256) ?? null
}

/** Stores the latest use of a secret, if this one is later than the stored one. */
export async function recordSecretUse(
  db: Db,
  id: string,
  { now, ip, userAgent }: { now: Date; ip: string | null; userAgent: string | null },
): Promise<void> {
  const printable = printableUserAgent(userAgent)
  await db
    .updateTable('secrets')
    .set({ last_used_at: now, last_used_ip: ip, last_used_user_agent: printable })
    .where('id', '=', id)
    .where((eb) => eb.or([eb('last_used_at', 'is', null), eb('last_used_at', '<', now)]))
    .execute()
}

/** Moves the expiry of a holder's secret. */
export async function setSecretExpiry(
  tx: Tx,
  holderId: string,
  id: string,
  expiresAt: Date | null,
): Promise<void> {
  await tx
    .updateTable('secrets')
    .set({ expires_at: expiresAt })
    .where('id', '=', id)
    .where('holder_id', '=', holderId)
    .execute()
}

/** Ends a secret that is being replaced no later than a moment, by its expiry too: the rotation can be undone. */
export async function shortenOverlap(tx: Tx, holderId: string, id: string, latest: Date): Promise<void> {
  await tx
    .updateTable('secrets')
    .set({
      // `least` ignores null.
      expires_at: sql`least(expires_at, ${latest}::timestamptz)`,
      retires_at: sql`least(retires_at, ${latest}::timestamptz)`,
    })
    .where('id', '=', id)
    .where('holder_id', '=', holderId)
    .where('retires_at', 'is not', null)
    .execute()
}

function fromRow(row: Selectable<Schema['secrets']>): StoredSecret {
  return {
    id: row.id,
    holderId: row.holder_id,
    hint: row.hint,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    retiresAt: row.retires_at,
    retiredAt: row.retired_at,
    finishWhenSilentSeconds: row.finish_when_silent_seconds,
    revokedAt: row.revoked_at,
    lastUsedAt: row.last_used_at,
    lastUsedIp: row.last_used_ip,
    lastUsedUserAgent: row.last_used_user_agent,
    exposedAt: row.exposed_at,
  }
}
