import { sql } from 'kysely'
import { addSeconds } from '../base/clock.ts'
import { forgetBefore } from '../db/in-batches.ts'
import type { Db, Tx } from '../db/schema.ts'
import type { Factor } from './staff.ts'

/** A sign-in whose first factor is proved: its second factor is due within ten minutes. */
const OPEN_SECONDS = 600
/** Codes that one sign-in may try. After them the first factor is asked for again. */
const MAX_TRIES = 5

/** A sign-in between its two steps. It is no session: nothing but the second step accepts its token. */
export interface StaffSignIn {
  readonly staffId: string
  readonly proven: readonly Factor[]
  readonly returnTo: string
}

export async function insertSignIn(
  tx: Tx,
  hash: Uint8Array,
  { staffId, proven, returnTo }: StaffSignIn,
  now: Date,
): Promise<void> {
  await tx
    .insertInto('staff_sign_ins')
    .values({
      ...{ hash, staff_id: staffId, proven: [...proven], return_to: returnTo },
      ...{ created_at: now, expires_at: addSeconds(now, OPEN_SECONDS) },
    })
    .execute()
}

export async function findSignIn(db: Db, hash: Uint8Array, now: Date): Promise<StaffSignIn | undefined> {
  const row = await db
    .selectFrom('staff_sign_ins')
    .select(['staff_id', 'proven', 'return_to'])
    .where('hash', '=', hash)
    .where('expires_at', '>', now)
    .where('tries', '<', MAX_TRIES)
    .executeTakeFirst()
  return row === undefined ? undefined : toSignIn(row)
}

/** Counts a try before it is made, so that concurrent ones count too. @returns undefined where there is none left */
export async function takeTryOfSignIn(db: Db, hash: Uint8Array, now: Date): Promise<StaffSignIn | undefined> {
  const row = await db
    .updateTable('staff_sign_ins')
    .set((eb) => ({ tries: eb('tries', '+', 1) }))
    .where('hash', '=', hash)
    .where('expires_at', '>', now)
    .where('tries', '<', MAX_TRIES)
    .returning(['staff_id', 'proven', 'return_to'])
    .executeTakeFirst()
  return row === undefined ? undefined : toSignIn(row)
}

/** Spends a sign-in. @returns false where it is over; of racing requests one succeeds */
export async function spendSignIn(tx: Tx, hash: Uint8Array, now: Date): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom('staff_sign_ins')
    .where('hash', '=', hash)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return numDeletedRows === 1n
}

export async function deleteSignInsOf(tx: Tx, staffId: string): Promise<void> {
  await tx.deleteFrom('staff_sign_ins').where('staff_id', '=', staffId).execute()
}

/** Ends sign-ins that began without single sign-on. */
export async function deleteSignInsWithoutSso(tx: Tx): Promise<void> {
  await tx.deleteFrom('staff_sign_ins').where(sql<boolean>`not 'sso' = any(proven)`).execute()
}

export async function pruneStaffSignIns(db: Db, now: Date): Promise<void> {
  await forgetBefore(db, 'staff_sign_ins', 'expires_at', now)
}

function toSignIn(row: { staff_id: string; proven: string[]; return_to: string }): StaffSignIn {
  return { staffId: row.staff_id, proven: row.proven as Factor[], returnTo: row.return_to }
}
