import { addSeconds } from '../base/clock.ts'
import { forgetBefore } from '../db/in-batches.ts'
import type { Db, Tx } from '../db/schema.ts'

/** A new link replaces earlier ones. */
export async function insertLink(
  tx: Tx,
  link: { hash: Uint8Array; userId: string; createdAt: Date; expiresAt: Date },
): Promise<void> {
  await spendLinksOf(tx, link.userId, link.createdAt)
  await tx
    .insertInto('password_links')
    .values({ hash: link.hash, user_id: link.userId, created_at: link.createdAt, expires_at: link.expiresAt })
    .execute()
}

/** Spends all links of a user. */
export async function spendLinksOf(tx: Tx, userId: string, now: Date): Promise<void> {
  await tx
    .updateTable('password_links')
    .set({ spent_at: now })
    .where('user_id', '=', userId)
    .where('spent_at', 'is', null)
    .execute()
}

/** The user of a link that still works. */
export async function findLink(
  db: Db,
  hash: Uint8Array,
  now: Date,
): Promise<{ userId: string; email: string } | undefined> {
  return await db
    .selectFrom('password_links')
    .innerJoin('users', 'users.id', 'password_links.user_id')
    .select(['users.id as userId', 'users.email'])
    .where('hash', '=', hash)
    .where('spent_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst()
}

/** @returns false where it no longer works; of racing requests one succeeds */
export async function spendLink(tx: Tx, hash: Uint8Array, now: Date): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('password_links')
    .set({ spent_at: now })
    .where('hash', '=', hash)
    .where('spent_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** An expired link is kept for a day, so that a late visitor gets the reason. */
const KEPT_SECONDS = 24 * 3600

export async function prunePasswordLinks(db: Db, now: Date): Promise<void> {
  await forgetBefore(db, 'password_links', 'expires_at', addSeconds(now, -KEPT_SECONDS))
}
