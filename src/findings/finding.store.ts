import { type Selectable, sql } from 'kysely'
import { newId } from '../base/id.ts'
import type { Db, Schema, Tx } from '../db/schema.ts'
import type { Facts } from './facts.ts'
import type { Acceptance, Finding, FindingHolderKind, FindingSettings, Found } from './finding.ts'
import { type FindingReach, isWithin } from './finding-reach.store.ts'

export type FindingRow = Selectable<Schema['findings']>

/** Stores what was found: new findings, and new evidence of those that are there. What was accepted stays so. */
export async function putFindings(
  tx: Tx,
  found: readonly (Found & { readonly facts: Facts })[],
  now: Date,
): Promise<void> {
  if (found.length === 0) return
  const rows = found.map(({ kind, subject, evidence, facts }) => ({
    ...{ id: newId('fnd'), kind, subject, evidence },
    ...{ holder_kind: facts.holder.kind, holder_id: facts.holder.id },
    ...{ owner_id: facts.ownerId, environment: facts.environment },
  }))
  await sql`
    insert into findings (id, kind, holder_kind, holder_id, subject, owner_id, environment, first_seen_at, evidence)
    select id, kind, holder_kind, holder_id, subject, owner_id, environment, ${now}::timestamptz, evidence
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as found (
      id text, kind text, holder_kind text, holder_id text, subject text, owner_id text, environment text, evidence jsonb
    )
    on conflict (holder_id, kind, subject) do update set evidence = excluded.evidence`.execute(tx)
}

export async function deleteFindings(tx: Tx, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await sql`delete from findings where id = any(${ids}::text[])`.execute(tx)
}

/** All findings of some holders of a kind. */
export async function findingsOfHolders(
  db: Db,
  kind: FindingHolderKind,
  ids: readonly string[],
): Promise<Finding[]> {
  const rows = await db
    .selectFrom('findings')
    .selectAll()
    .where(sql<boolean>`holder_id = any(${ids}::text[])`)
    .where('holder_kind', '=', kind)
    .execute()
  return rows.map(fromRow)
}

/** A finding within reach. */
export async function findFinding(db: Db, reach: FindingReach, id: string): Promise<Finding | undefined> {
  const row = await db
    .selectFrom('findings')
    .selectAll()
    .where('id', '=', id)
    .where(isWithin(reach))
    .executeTakeFirst()
  return row && fromRow(row)
}

/** The same, locked for a change. */
export async function lockFinding(tx: Tx, reach: FindingReach, id: string): Promise<Finding | undefined> {
  const row = await tx
    .selectFrom('findings')
    .selectAll()
    .where('id', '=', id)
    .where(isWithin(reach))
    .forUpdate()
    .executeTakeFirst()
  return row && fromRow(row)
}

export async function setAcceptance(tx: Tx, id: string, acceptance: Acceptance | null): Promise<void> {
  await tx
    .updateTable('findings')
    .set({
      accepted_at: acceptance?.at ?? null,
      accepted_until: acceptance?.until ?? null,
      accepted_by: acceptance?.by ?? null,
      accepted_reason: acceptance?.reason ?? null,
    })
    .where('id', '=', id)
    .execute()
}

/** The migration has made the one row, and nothing deletes it. */
export async function findSettings(db: Db): Promise<FindingSettings> {
  return toSettings(await db.selectFrom('finding_settings').selectAll().executeTakeFirstOrThrow())
}

/** The same, locked for a change. */
export async function lockSettings(tx: Tx): Promise<FindingSettings> {
  return toSettings(await tx.selectFrom('finding_settings').selectAll().forUpdate().executeTakeFirstOrThrow())
}

export async function putSettings(tx: Tx, settings: FindingSettings): Promise<void> {
  await tx
    .updateTable('finding_settings')
    .set({
      unused_after_days: settings.unusedAfterDays,
      rotate_after_days: settings.rotateAfterDays,
      weekly_mail: settings.weeklyMail,
    })
    .execute()
}

/** Names of holders by their ids; a grant has its client's, a mail its subject. */
export async function namesOfHolders(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map()
  const { rows } = await sql<{ id: string; name: string }>`
    select id, name from keys where id = any(${ids}::text[])
    union all
    select id, name from admin_keys where id = any(${ids}::text[])
    union all
    select id, name from clients where id = any(${ids}::text[])
    union all
    select grants.id, clients.name from grants join clients on clients.id = client_id
    where grants.id = any(${ids}::text[])
    union all
    select deliveries.id, content ->> 'subject' from mail_deliveries as deliveries join mails on mails.id = mail_id
    where deliveries.id = any(${ids}::text[])`.execute(db)
  return new Map(rows.map(({ id, name }) => [id, name]))
}

function toSettings(row: Selectable<Schema['finding_settings']>): FindingSettings {
  return {
    unusedAfterDays: row.unused_after_days,
    rotateAfterDays: row.rotate_after_days,
    weeklyMail: row.weekly_mail,
  }
}

export function fromRow(row: FindingRow): Finding {
  const { accepted_at: at, accepted_until: until, accepted_by: by, accepted_reason: reason } = row
  return {
    // The kind and its evidence were stored together.
    ...({ kind: row.kind, subject: row.subject, evidence: row.evidence } as Found),
    id: row.id,
    holder: { kind: row.holder_kind as FindingHolderKind, id: row.holder_id },
    ownerId: row.owner_id,
    environment: row.environment,
    firstSeenAt: row.first_seen_at,
    acceptance:
      at === null || until === null || by === null || reason === null ? null : { at, until, by, reason },
  }
}
