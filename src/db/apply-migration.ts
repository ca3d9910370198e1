import { setTimeout as sleep } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import type { Notice } from './database.ts'
import { type Index, indexesOf } from './migration-statements.ts'
import type { Db, Tx } from './schema.ts'
import { isLockTimeout } from './unavailable.ts'

export type Migration = SchemaMigration | Backfill

interface SchemaMigration {
  /** Runs in one transaction: DDL that is quick once it has its lock, and few rows. */
  readonly up: (db: Kysely<unknown>) => Promise<void>
  /**
   * Set where the migration only creates indexes on tables that may be large: on Postgres they are then built outside a
   * transaction without blocking writes (`create index concurrently`).
   */
  readonly concurrently?: boolean
}

/** Fills a column of rows that exist, in batches, each in a transaction of its own: requests wait for one batch at most. */
interface Backfill {
  /**
   * Fills the next rows after an id, in the order of ids, and returns the last of them; null where there are none. Sets
   * the same again where it is repeated: a server that was killed in the middle starts from the beginning.
   */
  readonly fill: (db: Kysely<unknown>, after: string) => Promise<string | null>
}

/** DDL that waits for a table lock blocks every later query on it: so it waits briefly and retries. */
const LOCK_MS = 1_000
/** Pause before a retry; doubles up to the longest. */
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 8_000

/**
 * Applies one migration and notes its name.
 *
 * @param holder the transaction with the lock of migrations; null where no other process can have the database open
 */
export async function apply(
  db: Db,
  holder: Tx | null,
  name: string,
  migration: Migration,
  notice: Notice,
): Promise<void> {
  const inTransaction = (work: (tx: Tx) => Promise<void>) => inShortTurns(db, name, notice, work)
  if ('fill' in migration) {
    await fillAll(inTransaction, migration)
    await note(db, name)
  } else if (holder !== null && migration.concurrently === true) {
    for (const index of await indexesOf(migration.up)) await buildIndex(db, index)
    await note(db, name)
  } else
    await inTransaction(async (tx) => {
      // First, so that of two servers that lost the lock without noticing, one fails.
      await note(tx, name)
      await migration.up(untyped(tx))
    })
}

type InTransaction = (work: (tx: Tx) => Promise<void>) => Promise<void>

/** Runs a transaction that waits only briefly for each lock, until it has had them all. */
async function inShortTurns(
  db: Db,
  name: string,
  notice: Notice,
  work: (tx: Tx) => Promise<void>,
): Promise<void> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS))
    try {
      await db.transaction().execute(async (tx) => {
        await sql`set local lock_timeout = ${sql.lit(LOCK_MS)}`.execute(tx)
        await work(tx)
      })
      return
    } catch (error) {
      if (!isLockTimeout(error)) throw error
      notice('warn', `migration ${name} needs a table that is in use: trying again in ${pauseMs} ms`)
      await sleep(pauseMs)
    }
}

/** Pauses after each batch as long as it took, so that it is at most half of the load. */
async function fillAll(inTransaction: InTransaction, { fill }: Backfill): Promise<void> {
  for (let after: string | null = ''; after !== null; ) {
    const from: string = after
    const startedAtMs = performance.now()
    await inTransaction(async (tx) => {
      after = await fill(untyped(tx), from)
    })
    if (after !== null) await sleep(performance.now() - startedAtMs)
  }
}

function untyped(tx: Tx) {
  return tx as unknown as Kysely<unknown>
}

async function note(db: Db, name: string): Promise<void> {
  await sql`
    insert into kysely_migration (name, timestamp) values (${name}, ${new Date().toISOString()})`.execute(db)
}

/** Builds an index; rebuilds one that a killed server left invalid. */
async function buildIndex(db: Db, { name, where }: Index): Promise<void> {
  const { rows } = await sql<{ valid: boolean }>`
    select indisvalid as valid from pg_index where indexrelid = to_regclass(${name})`.execute(db)
  if (rows[0]?.valid === true) return
  if (rows[0] !== undefined) await sql`drop index concurrently ${sql.ref(name)}`.execute(db)
  await sql`create index concurrently ${sql.ref(name)} on ${sql.raw(where)}`.execute(db)
}
