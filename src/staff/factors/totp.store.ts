import { sql } from 'kysely'
import type { Db, Tx } from '../../db/schema.ts'

export interface NewApp {
  readonly id: string
  readonly staffId: string
  readonly name: string
  readonly sealedSecret: Uint8Array
  /** The step of the code that proved the app: it is spent. */
  readonly step: number
}

/** Stores a member's app, in place of an earlier one. @returns true where there was one */
export async function replaceTotp(tx: Tx, app: NewApp, now: Date): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom('staff_totp')
    .where('staff_id', '=', app.staffId)
    .executeTakeFirst()
  await tx
    .insertInto('staff_totp')
    .values({
      ...{ staff_id: app.staffId, id: app.id, name: app.name, sealed_secret: app.sealedSecret },
      ...{ created_at: now, used_at: now, last_step: app.step },
    })
    .execute()
  return numDeletedRows > 0n
}

/** An app whose next code may be tried. */
export interface TriedApp {
  readonly id: string
  readonly sealedSecret: Uint8Array
}

/** Failures in a row after which a member waits: a minute, then twice as long with each, at most an hour. */
const FREE_FAILURES = 4
const FIRST_WAIT_SECONDS = 60
const MAX_WAIT_SECONDS = 3600

/**
 * Counts a try before it is made, so that concurrent ones on all servers count too. Success clears the count.
 *
 * @returns the moment from which the next try is accepted, if that is later; undefined where there is no app
 */
export async function takeTryOfTotp(
  db: Db,
  staffId: string,
  now: Date,
): Promise<TriedApp | { readonly retryAt: Date } | undefined> {
  const wait = sql<number>`least(${MAX_WAIT_SECONDS}::float8, ${FIRST_WAIT_SECONDS} * power(2, least(failures - ${FREE_FAILURES}, 10)))`
  const tried = await db
    .updateTable('staff_totp')
    .set((eb) => ({
      failures: eb('failures', '+', 1),
      retry_at: sql<Date | null>`case when failures >= ${FREE_FAILURES}
        then ${now}::timestamptz + make_interval(secs => ${wait}) end`,
    }))
    .where('staff_id', '=', staffId)
    .where((eb) => eb.or([eb('retry_at', 'is', null), eb('retry_at', '<=', now)]))
    .returning(['id', 'sealed_secret as sealedSecret'])
    .executeTakeFirst()
  if (tried !== undefined) return tried
  const waiting = await db
    .selectFrom('staff_totp')
    .select('retry_at as retryAt')
    .where('staff_id', '=', staffId)
    .executeTakeFirst()
  return waiting === undefined ? undefined : { retryAt: waiting.retryAt ?? now }
}

/** Spends the code of a step, and of all earlier ones (CON-07). @returns false where it is spent; of racing requests one succeeds */
export async function spendStep(tx: Tx, id: string, step: number, now: Date): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('staff_totp')
    .set({ last_step: step, used_at: now, failures: 0, retry_at: null })
    .where('id', '=', id)
    .where('last_step', '<', step)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}
