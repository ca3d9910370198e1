import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import type { FindingHolderKind } from './finding.ts'

const TABLES = {
  key: 'keys',
  admin_key: 'admin_keys',
  client: 'clients',
  grant: 'grants',
  mail: 'mail_deliveries',
} as const satisfies Record<FindingHolderKind, string>

/** Ids of holders of a kind after an id, in the order of their index. All are read, those that have ended too: that closes what was found of them. */
export async function holdersAfter(
  db: Db,
  kind: FindingHolderKind,
  after: string,
  most: number,
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from ${sql.table(TABLES[kind])} where id > ${after} order by id limit ${most}`.execute(db)
  return rows.map(({ id }) => id)
}

/** Holders of a kind that have findings and do not exist any more. Keys are never deleted. */
export async function deletedHolders(
  db: Db,
  kind: Exclude<FindingHolderKind, 'key'>,
  most: number,
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select distinct holder_id as id from findings
    where holder_kind = ${kind} and holder_kind <> 'key'
      and not exists (select from ${sql.table(TABLES[kind])} as holder where holder.id = holder_id)
    limit ${most}`.execute(db)
  return rows.map(({ id }) => id)
}

/** Where the next step of a walk over all holders begins. */
export interface WalkPlace {
  readonly kind: FindingHolderKind
  readonly after: string
}

/** The walk over all holders; its place is null where none is under way. */
interface FindingWalk {
  readonly place: WalkPlace | null
  readonly begunAt: Date
}

/** The migration has made the one row, and nothing deletes it. */
export async function findWalk(db: Db): Promise<FindingWalk> {
  const row = await db.selectFrom('finding_walk').selectAll().executeTakeFirstOrThrow()
  const kind = row.holder_kind as FindingHolderKind | null
  return { place: kind === null ? null : { kind, after: row.after }, begunAt: row.begun_at }
}

export async function putWalk(db: Db, { place, begunAt }: FindingWalk): Promise<void> {
  await db
    .updateTable('finding_walk')
    .set({ holder_kind: place?.kind ?? null, after: place?.after ?? '', begun_at: begunAt })
    .execute()
}

/**
 * Serializes looking for findings: what reads facts and stores what it found must not be overtaken by another. Call it
 * after all locks of rows, except in a remedy: its act locks the rows of the holder, and nothing that has locked them waits here.
 */
export async function holdFindings(db: Db): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('doorward: findings'))`.execute(db)
}
