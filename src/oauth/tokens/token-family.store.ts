import { sql } from 'kysely'
import { addSeconds } from '../../base/clock.ts'
import { forgetBefore } from '../../db/in-batches.ts'
import type { Db, Tx } from '../../db/schema.ts'

export interface Family {
  readonly id: string
  readonly grantId: string
  readonly clientId: string
  readonly ownerId: string
  readonly userId: string
}

/** Locks the family and its grant, so that no token is added; undefined where it is revoked. */
export async function lockFamily(tx: Tx, familyId: string): Promise<Family | undefined> {
  const row = await tx
    .selectFrom('token_families')
    .innerJoin('grants', 'grants.id', 'token_families.grant_id')
    .select([
      'token_families.id',
      'grants.id as grant_id',
      'grants.client_id',
      'grants.owner_id',
      'grants.user_id',
    ])
    .where('token_families.id', '=', familyId)
    .where('token_families.revoked_at', 'is', null)
    .forUpdate()
    .executeTakeFirst()
  if (row === undefined) return undefined
  return {
    id: row.id,
    grantId: row.grant_id,
    clientId: row.client_id,
    ownerId: row.owner_id,
    userId: row.user_id,
  }
}

export async function revokeFamilyRow(tx: Tx, familyId: string, reason: string, now: Date): Promise<void> {
  await tx
    .updateTable('token_families')
    .set({ revoked_at: now, revoked_reason: reason })
    .where('id', '=', familyId)
    .where('revoked_at', 'is', null)
    .execute()
}

/** True where any family of the grant has tokens that can be used or refreshed. */
export async function hasActiveFamily(tx: Tx, grantId: string, now: Date): Promise<boolean> {
  const { rows } = await sql<{ lively: boolean }>`
    select exists (
      select from token_families as families
      where grant_id = ${grantId} and revoked_at is null and expires_at > ${now} and (
        exists (
          select from access_tokens where family_id = families.id and revoked_at is null and expires_at > ${now}
        )
        or exists (
          select from refresh_tokens where family_id = families.id and spent_at is null and expires_at > ${now}
        )
      )
    ) as lively`.execute(tx)
  return rows[0]?.lively ?? false
}

/** Finds a token of either kind, if it is this client's. */
export async function findToken(
  db: Db,
  clientId: string,
  hash: string,
): Promise<{ readonly kind: 'access_token' | 'refresh_token'; readonly familyId: string | null } | null> {
  const bytes = Buffer.from(hash, 'hex')
  const { rows } = await sql<{ kind: 'access_token' | 'refresh_token'; family_id: string | null }>`
    select 'access_token' as kind, family_id from access_tokens where hash = ${bytes} and client_id = ${clientId}
    union all
    select 'refresh_token', token.family_id from refresh_tokens as token
    join token_families as families on families.id = token.family_id
    where token.hash = ${bytes} and families.client_id = ${clientId}`.execute(db)
  const [row] = rows
  return row === undefined ? null : { kind: row.kind, familyId: row.family_id }
}

/** @returns whether it was not taken back before */
export async function revokeAccessToken(tx: Tx, hash: string, now: Date): Promise<boolean> {
  const done = await tx
    .updateTable('access_tokens')
    .set({ revoked_at: now })
    .where('hash', '=', Buffer.from(hash, 'hex'))
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}

/** Kept for a day after their expiry, so that the log can say why one was refused. */
const KEPT_SECONDS = 86_400

/**
 * Deletes expired tokens and families, in batches by index. A spent refresh token stays until its own expiry: reuse
 * detection needs it (RFC 9700 §4.14.2).
 */
export async function pruneTokens(db: Db, now: Date): Promise<void> {
  for (const table of ['access_tokens', 'refresh_tokens', 'token_families'] as const)
    await forgetBefore(db, table, 'expires_at', addSeconds(now, -KEPT_SECONDS))
}
