import type { Selectable } from 'kysely'
import { addSeconds } from '../../base/clock.ts'
import { forgetBefore } from '../../db/in-batches.ts'
import type { AnswerJson } from '../../db/oauth-tables.ts'
import type { Db, Schema, Tx } from '../../db/schema.ts'
import type { AuthorizationRequest, Prompt } from './authorization-request.ts'

/** @param hash of the request's token @param browserHash binds it to this browser */
export async function insertRequest(
  db: Db,
  hash: Buffer,
  browserHash: Buffer,
  request: AuthorizationRequest,
): Promise<void> {
  await db
    .insertInto('authorization_requests')
    .values({
      hash,
      browser_hash: browserHash,
      client_id: request.clientId,
      redirect_uri: request.redirectUri,
      state: request.state,
      scopes: [...request.scopes],
      resources: [...request.resources],
      code_challenge: request.codeChallenge,
      prompt: [...request.prompt],
      max_age: request.maxAge,
      login_hint: request.loginHint,
      created_at: request.createdAt,
      expires_at: request.expiresAt,
    })
    .execute()
}

/** A stored request, and its answer; null: none yet. */
export interface StoredRequest {
  readonly request: AuthorizationRequest
  readonly answered: (AnswerJson & { readonly at: Date }) | null
}

/** Finds a request of this browser; it may have been answered, or have expired. */
export async function findRequest(
  db: Db,
  hash: Buffer,
  browserHash: Buffer,
): Promise<StoredRequest | undefined> {
  const row = await db
    .selectFrom('authorization_requests')
    .selectAll()
    .where('hash', '=', hash)
    .where('browser_hash', '=', browserHash)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const { answered_at: at, answer } = row
  return {
    request: fromRow(row),
    answered: at === null ? null : { ...(answer ?? UNKNOWN_ANSWER), at },
  }
}

/** Answered by a version of Doorward that did not store the answer. */
const UNKNOWN_ANSWER: AnswerJson = { decision: 'back', form: null, yes: null }

/** Spends a request with its answer. @returns false where another answer was first, or it has expired */
export async function spendRequest(
  tx: Tx,
  hash: Buffer,
  browserHash: Buffer,
  answer: AnswerJson,
  now: Date,
): Promise<boolean> {
  const done = await tx
    .updateTable('authorization_requests')
    .set({ answered_at: now, answer: JSON.stringify(answer) })
    .where('hash', '=', hash)
    .where('browser_hash', '=', browserHash)
    .where('answered_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}

/** Anyone can start a request, without a client secret and without signing in, so expired ones are kept this long only. */
const KEPT_SECONDS = 600

/** Deletes expired requests, in batches by index. */
export async function pruneAuthorizationRequests(db: Db, now: Date): Promise<void> {
  await forgetBefore(db, 'authorization_requests', 'expires_at', addSeconds(now, -KEPT_SECONDS))
}

function fromRow(row: Selectable<Schema['authorization_requests']>): AuthorizationRequest {
  return {
    clientId: row.client_id,
    redirectUri: row.redirect_uri,
    state: row.state,
    scopes: row.scopes,
    resources: row.resources,
    codeChallenge: row.code_challenge,
    prompt: row.prompt as Prompt[],
    maxAge: row.max_age,
    loginHint: row.login_hint,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  }
}
