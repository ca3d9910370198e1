import type { Selectable } from 'kysely'
import { addSeconds } from '../base/clock.ts'
import { forgetBefore } from '../db/in-batches.ts'
import { newestFirst, type PageRequest } from '../db/keyset.ts'
import type { Db, Schema, Tx } from '../db/schema.ts'
import type { RoleName } from './role.ts'
import type { StaffLink } from './staff-link.ts'

export async function insertStaffLink(tx: Tx, link: StaffLink): Promise<void> {
  await tx
    .insertInto('staff_links')
    .values({
      hash: link.hash,
      id: link.id,
      kind: link.kind,
      staff_id: link.staffId,
      email: link.kind === 'invitation' ? link.email : null,
      role: link.role,
      created_by: link.createdBy,
      created_at: link.createdAt,
      expires_at: link.expiresAt,
    })
    .execute()
}

/** A link that still works. */
export async function findStaffLink(db: Db, hash: Uint8Array, now: Date): Promise<StaffLink | undefined> {
  const row = await db
    .selectFrom('staff_links')
    .leftJoin('staff', 'staff.id', 'staff_links.staff_id')
    .selectAll('staff_links')
    .select(['staff.email as member_email', 'staff.disabled_at', 'staff.removed_at'])
    .where('hash', '=', hash)
    .where('spent_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  if (row === undefined || row.disabled_at !== null || row.removed_at !== null) return undefined
  return toLink(row, row.member_email ?? row.email)
}

/** Invitations that still work, newest first. */
export async function listInvitations(db: Db, now: Date, page: PageRequest): Promise<StaffLink[]> {
  const query = openInvitations(db.selectFrom('staff_links').selectAll(), now)
  const rows = await newestFirst(query, ['created_at', 'id'], page).execute()
  return rows.map((row) => toLink(row, row.email))
}

/** Spends an invitation by its id. @returns false where there is none that works */
export async function withdrawInvitation(tx: Tx, id: string, now: Date): Promise<boolean> {
  const { numUpdatedRows } = await openInvitations(
    tx.updateTable('staff_links').set({ spent_at: now }).where('id', '=', id),
    now,
  ).executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Spends the invitations of an address: a new one replaces them. */
export async function withdrawInvitationsOf(tx: Tx, email: string, now: Date): Promise<void> {
  await tx
    .updateTable('staff_links')
    .set({ spent_at: now })
    .where('kind', '=', 'invitation')
    .where('email', '=', email)
    .where('spent_at', 'is', null)
    .execute()
}

interface Filterable<Q> {
  where(column: 'kind', operator: '=', value: 'invitation'): Q
  where(column: 'spent_at', operator: 'is', value: null): Q
  where(column: 'expires_at', operator: '>', value: Date): Q
}

function openInvitations<Q extends Filterable<Q>>(query: Q, now: Date): Q {
  return query.where('kind', '=', 'invitation').where('spent_at', 'is', null).where('expires_at', '>', now)
}

function toLink(row: Selectable<Schema['staff_links']>, email: string | null): StaffLink {
  return {
    id: row.id,
    hash: row.hash,
    kind: row.kind,
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    staffId: row.staff_id,
    email,
    role: row.role as RoleName | null,
  }
}

/** @returns false where it no longer works; of racing requests one succeeds */
export async function spendStaffLink(tx: Tx, hash: Uint8Array, now: Date): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('staff_links')
    .set({ spent_at: now })
    .where('hash', '=', hash)
    .where('spent_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Spends the links with which one member sets a password. */
export async function spendLinksOfStaff(tx: Tx, staffId: string, now: Date): Promise<void> {
  await tx
    .updateTable('staff_links')
    .set({ spent_at: now })
    .where('staff_id', '=', staffId)
    .where('spent_at', 'is', null)
    .execute()
}

/** An expired link is kept for a day, so that a late visitor gets the reason. */
const KEPT_SECONDS = 24 * 3600

export async function pruneStaffLinks(db: Db, now: Date): Promise<void> {
  await forgetBefore(db, 'staff_links', 'expires_at', addSeconds(now, -KEPT_SECONDS))
}
