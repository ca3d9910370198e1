import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import type { AutoRotated } from '../owners/auto-rotation.ts'
import type { HolderKind } from './notice.ts'

/** A key, a client or an admin key, as a notice about it needs it. */
export interface NoticeHolder extends AutoRotated {
  readonly id: string
  readonly kind: HolderKind
  readonly name: string
  /** Null for an admin key. */
  readonly environment: string | null
  readonly ownerId: string | null
  readonly createdBy: string
  /** True where none of its secrets works, whatever their ends: revoked, disabled, suspended. */
  readonly isStopped: boolean
}

/** Keys, clients and admin keys by their ids. */
export async function noticeHolders(
  db: Db,
  ids: readonly string[],
): Promise<ReadonlyMap<string, NoticeHolder>> {
  if (ids.length === 0) return new Map()
  const isSuspended = sql`exists (select from owners where owners.id = owner_id and suspended_at is not null)`
  const { rows } = await sql<NoticeHolder>`
    select id, 'key' as kind, name, environment, owner_id as "ownerId", created_by as "createdBy",
      (revoked_at is not null or disabled_at is not null or ${isSuspended}) as "isStopped",
      auto_rotate_after_days as "autoRotateAfterDays", disable_unrotated_at as "disableUnrotatedAt"
    from keys where id = any(${ids}::text[])
    union all
    select id, 'client', name, environment, owner_id, created_by,
      (revoked_at is not null or suspended_at is not null or ${isSuspended}), null, null
    from clients where id = any(${ids}::text[])
    union all
    select id, 'admin_key', name, null, owner_id, created_by, (revoked_at is not null or ${isSuspended}), null, null
    from admin_keys where id = any(${ids}::text[])`.execute(db)
  return new Map(rows.map((row) => [row.id, row]))
}

/** Secrets that end within a span of time, soonest first, after a position. */
export async function secretsEnding(
  db: Db,
  { from, until }: { readonly from: Date; readonly until: Date },
  after: EndOfSecret | null,
  most: number,
): Promise<EndOfSecret[]> {
  const position = after ?? { endsAt: from, id: '' }
  const { rows } = await sql<EndOfSecret>`
    select id, holder_id as "holderId", least(expires_at, retires_at) as "endsAt"
    from secrets
    where revoked_at is null and retired_at is null and least(expires_at, retires_at) is not null
      and (least(expires_at, retires_at), id) > (${position.endsAt}::timestamptz, ${position.id}::text)
      and least(expires_at, retires_at) <= ${until}::timestamptz
    order by least(expires_at, retires_at), id limit ${most}`.execute(db)
  return rows
}

export interface EndOfSecret {
  readonly id: string
  readonly holderId: string
  readonly endsAt: Date
}

/** Addresses to which an owner's notices go. */
export async function contactsOf(db: Db, ownerId: string): Promise<readonly string[]> {
  const row = await db
    .selectFrom('owners')
    .select('notice_contacts')
    .where('id', '=', ownerId)
    .executeTakeFirst()
  return row?.notice_contacts ?? []
}

/**
 * Addresses of makers by their ids: of users who may still act for the owner, and of staff who are neither disabled nor
 * removed.
 */
export async function addressesOfMakers(
  db: Db,
  ids: readonly string[],
  ownerId: string | null,
): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map()
  const { rows } = await sql<{ id: string; email: string }>`
    select id, email from staff
    where id = any(${ids}::text[]) and disabled_at is null and removed_at is null
    union all
    select users.id, users.email from users
    join members on members.user_id = users.id and members.owner_id = ${ownerId}::text
    where users.id = any(${ids}::text[])
      and not exists (select from disabled_users where disabled_users.user_id = users.id)`.execute(db)
  return new Map(rows.map(({ id, email }) => [id, email]))
}

/** Administrators, for what belongs to the API provider itself and whose maker has left. */
export async function administrators(db: Db, most: number): Promise<string[]> {
  const rows = await db
    .selectFrom('staff')
    .select('email')
    .where('role', '=', 'administrator')
    .where('disabled_at', 'is', null)
    .where('removed_at', 'is', null)
    .orderBy('created_at')
    .limit(most)
    .execute()
  return rows.map(({ email }) => email)
}
