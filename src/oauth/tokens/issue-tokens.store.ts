import { sql } from 'kysely'
import { PREPARED } from '../../db/prepared.ts'
import type { Db } from '../../db/schema.ts'

/** A new access token, as it is stored. */
export interface NewAccessToken {
  /** 64 hex digits, like every hash here. */
  readonly hash: string
  readonly clientId: string
  readonly environment: string
  readonly scopes: readonly string[]
  readonly resources: readonly string[]
  readonly createdAt: Date
  readonly expiresAt: Date
}

export interface NewRefreshToken {
  readonly hash: string
  readonly expiresAt: Date
}

/**
 * Spends a code and stores its tokens in one statement: all of it, or nothing where meanwhile the code was spent or
 * its grant revoked. The grant's row is locked, so that a concurrent revocation sees these tokens too.
 */
export async function spendCode(
  db: Db,
  {
    codeHash,
    grantId,
    familyId,
    familyExpiresAt,
    scopes,
    resources,
  }: {
    readonly codeHash: string
    readonly grantId: string
    readonly familyId: string
    readonly familyExpiresAt: Date
    readonly scopes: readonly string[]
    readonly resources: readonly string[]
  },
  access: NewAccessToken,
  refresh: NewRefreshToken | null,
): Promise<boolean> {
  const { rows } = await sql<{ spent: boolean }>`
    with ${PREPARED} locked as (${lockedGrant(grantId)}),
    spent as (
      update authorization_codes set spent_at = ${access.createdAt}, family_id = ${familyId}
      where hash = ${bytes(codeHash)} and spent_at is null and exists (select from locked)
      returning grant_id
    ),
    family as (
      insert into token_families (id, grant_id, client_id, scopes, resources, created_at, expires_at)
      select ${familyId}, grant_id, ${access.clientId}, ${[...scopes]}::text[], ${[...resources]}::text[],
        ${access.createdAt}::timestamptz, ${familyExpiresAt}::timestamptz
      from spent
    ),
    refresh as (${insertRefresh(refresh, familyId, access.createdAt, sql`spent`)}),
    access as (${insertAccess(access, familyId, sql`spent`)})
    select exists (select from spent) as spent`.execute(db)
  return rows[0]?.spent ?? false
}

/** The same for a refresh token and its successors. */
export async function spendRefreshToken(
  db: Db,
  {
    tokenHash,
    grantId,
    familyId,
  }: {
    readonly tokenHash: string
    readonly grantId: string
    readonly familyId: string
  },
  access: NewAccessToken,
  refresh: NewRefreshToken,
): Promise<boolean> {
  const { rows } = await sql<{ spent: boolean }>`
    with ${PREPARED} locked as (${lockedFamily(grantId, familyId)}),
    spent as (
      update refresh_tokens set spent_at = ${access.createdAt}, successor_hash = ${bytes(refresh.hash)}
      where hash = ${bytes(tokenHash)} and spent_at is null and exists (select from locked)
      returning family_id
    ),
    refresh as (${insertRefresh(refresh, familyId, access.createdAt, sql`spent`)}),
    access as (${insertAccess(access, familyId, sql`spent`)})
    select exists (select from spent) as spent`.execute(db)
  return rows[0]?.spent ?? false
}

/** Adds an access token to a family, unless the grant or the family is revoked. @returns true where it was stored */
export async function addAccessToken(
  db: Db,
  { grantId, familyId }: { readonly grantId: string; readonly familyId: string },
  access: NewAccessToken,
): Promise<boolean> {
  const { rows } = await sql<{ added: boolean }>`
    with ${PREPARED} locked as (${lockedFamily(grantId, familyId)}),
    access as (${insertAccess(access, familyId, sql`locked`)} returning hash)
    select exists (select from access) as added`.execute(db)
  return rows[0]?.added ?? false
}

/** Stores a token of a client that acts for itself (RFC 6749 §4.4). */
export async function insertOwnToken(db: Db, access: NewAccessToken): Promise<void> {
  await insertAccess(access, null, sql`(select 1) as once`).execute(db)
}

/** Expiry of an access token; null where there is none, or it is revoked. */
export async function endOfAccessToken(db: Db, hash: string): Promise<Date | null> {
  const row = await db
    .selectFrom('access_tokens')
    .select('expires_at')
    .where('hash', '=', bytes(hash))
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
  return row?.expires_at ?? null
}

/** Locks the grant until the statement ends: a concurrent revocation waits, or is waited for and seen. */
function lockedGrant(grantId: string) {
  return sql`select id from grants where id = ${grantId} and revoked_at is null for share`
}

/**
 * The same with the family. It is locked as well, so it is read as of the commit that the lock waited for. Read
 * without a lock it would be as of the start of this statement, and tokens would be added to a revoked family.
 */
function lockedFamily(grantId: string, familyId: string) {
  return sql`
    select families.id from token_families as families join grants on grants.id = families.grant_id
    where families.id = ${familyId} and families.revoked_at is null
      and grants.id = ${grantId} and grants.revoked_at is null
    for share`
}

function insertRefresh(
  token: NewRefreshToken | null,
  familyId: string,
  createdAt: Date,
  from: ReturnType<typeof sql>,
) {
  if (token === null) return sql`select 1`
  return sql`
    insert into refresh_tokens (hash, family_id, created_at, expires_at)
    select ${bytes(token.hash)}::bytea, ${familyId}, ${createdAt}::timestamptz, ${token.expiresAt}::timestamptz
    from ${from}`
}

function insertAccess(token: NewAccessToken, familyId: string | null, from: ReturnType<typeof sql>) {
  return sql`
    insert into access_tokens ${familyId === null ? PREPARED : sql``} (
      hash, family_id, client_id, environment, scopes, resources, created_at, expires_at
    )
    select ${bytes(token.hash)}::bytea, ${familyId}::text, ${token.clientId}, ${token.environment},
      ${[...token.scopes]}::text[], ${[...token.resources]}::text[],
      ${token.createdAt}::timestamptz, ${token.expiresAt}::timestamptz
    from ${from}`
}

function bytes(hash: string): Buffer {
  return Buffer.from(hash, 'hex')
}
