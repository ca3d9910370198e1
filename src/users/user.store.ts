import { type ExpressionBuilder, sql } from 'kysely'
import { contains, type SortedPage, sorted } from '../db/keyset.ts'
import type { Db, Schema, Tx } from '../db/schema.ts'
import { ownerOf, type Reach } from '../management/caller.ts'
import type { NamedOwner } from '../sessions/person.ts'
import type { User, UserState } from './user.ts'

/** better-auth's name of the password among sign-in methods. */
const PASSWORD = 'credential'

/** @returns false where the e-mail address is taken */
export async function insertUser(
  tx: Tx,
  { id, email, name, createdAt }: Pick<User, 'id' | 'email' | 'name' | 'createdAt'>,
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('users')
    .values({ id, email, name, email_verified: false, created_at: createdAt, updated_at: createdAt })
    .onConflict((conflict) => conflict.column('email').doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}

export async function setPasswordHash(tx: Tx, userId: string, password: string, now: Date): Promise<void> {
  await tx
    .insertInto('user_credentials')
    .values({
      id: userId,
      account_id: userId,
      provider_id: PASSWORD,
      user_id: userId,
      password,
      created_at: now,
      updated_at: now,
    })
    .onConflict((conflict) =>
      conflict.columns(['provider_id', 'account_id']).doUpdateSet({ password, updated_at: now }),
    )
    .execute()
}

/** The stored hash of a user's password; null where none is set. */
export async function findPasswordHash(db: Db, userId: string): Promise<string | null> {
  const row = await db
    .selectFrom('user_credentials')
    .select('password')
    .where('user_id', '=', userId)
    .where('provider_id', '=', PASSWORD)
    .executeTakeFirst()
  return row?.password ?? null
}

/** Locks the password against change until the transaction ends. @returns false where the hash is no longer the user's */
export async function holdPasswordHash(
  tx: Tx,
  { userId, passwordHash }: { readonly userId: string; readonly passwordHash: string },
): Promise<boolean> {
  const row = await tx
    .selectFrom('user_credentials')
    .select('password')
    .where('user_id', '=', userId)
    .where('provider_id', '=', PASSWORD)
    .forShare()
    .executeTakeFirst()
  return row?.password === passwordHash
}

/** Replaces the hash of the same password, unless another was set meanwhile. Keeps the time at which it was set. */
export async function replacePasswordHash(
  db: Db,
  userId: string,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<void> {
  await db
    .updateTable('user_credentials')
    .set({ password: to })
    .where('user_id', '=', userId)
    .where('provider_id', '=', PASSWORD)
    .where('password', '=', from)
    .execute()
}

/** Users within reach: a caller bound to an owner sees that owner's members, and of their owners only that one. */
export async function findUser(db: Db, reach: Reach, id: string): Promise<User | undefined> {
  const row = await usersWithin(db, reach).where('users.id', '=', id).executeTakeFirst()
  return row === undefined ? undefined : fromRow(row)
}

export interface UserFilter {
  readonly ownerId?: string | undefined
  readonly email?: string | undefined
  /** In the name or the address, or the whole id. */
  readonly q?: string | undefined
  readonly state?: UserState | undefined
}

export async function listUsers(
  db: Db,
  reach: Reach,
  { ownerId, email, q, state }: UserFilter,
  page: SortedPage,
): Promise<User[]> {
  let query = sorted(usersWithin(db, reach), BY, page)
  if (ownerId !== undefined) query = query.where((eb) => isMember(eb, ownerId))
  if (email !== undefined) query = query.where('users.email', '=', email.toLowerCase())
  if (q !== undefined)
    query = query.where(
      sql<boolean>`(users.id = ${q} or ${contains(sql`users.name || ' ' || users.email`, q)})`,
    )
  if (state !== undefined)
    query = query.where('disabled_users.disabled_at', state === 'enabled' ? 'is' : 'is not', null)
  return (await query.execute()).map(fromRow)
}

const BY = {
  table: 'users',
  moment: 'users.created_at',
  id: 'users.id',
  folded: sql<string>`lower(users.name) collate "C"`,
} as const

function usersWithin(db: Db, reach: Reach) {
  const ownerId = ownerOf(reach)
  const query = db
    .selectFrom('users')
    .leftJoin('disabled_users', 'disabled_users.user_id', 'users.id')
    .select((eb) => [
      'users.id',
      'users.email',
      'users.name',
      'users.created_at',
      'disabled_users.disabled_at',
      'disabled_users.reason as disabled_reason',
      eb
        .selectFrom('user_credentials')
        .select('updated_at')
        .whereRef('user_credentials.user_id', '=', 'users.id')
        .where('provider_id', '=', PASSWORD)
        .as('password_set_at'),
      sql<NamedOwner[]>`(
      select coalesce(jsonb_agg(jsonb_build_object('id', owners.id, 'name', coalesce(owners.name, owners.id))
        order by coalesce(owners.name, owners.id), owners.id), '[]')
      from members join owners on owners.id = members.owner_id
      where members.user_id = users.id and (${ownerId}::text is null or members.owner_id = ${ownerId})
    )`.as('owners'),
    ])
  return ownerId === null ? query : query.where((eb) => isMember(eb, ownerId))
}

function isMember(eb: ExpressionBuilder<Schema, 'users'>, ownerId: string) {
  return eb.exists(
    eb
      .selectFrom('members')
      .select('members.user_id')
      .whereRef('members.user_id', '=', 'users.id')
      .where('members.owner_id', '=', ownerId),
  )
}

interface Row {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly created_at: Date
  readonly password_set_at: Date | null
  readonly disabled_at: Date | null
  readonly disabled_reason: string | null
  readonly owners: NamedOwner[]
}

function fromRow({ created_at, password_set_at, disabled_at, disabled_reason, ...same }: Row): User {
  return {
    ...same,
    createdAt: created_at,
    passwordSetAt: password_set_at,
    disabledAt: disabled_at,
    disabledReason: disabled_reason,
  }
}
