import type { Selectable } from 'kysely'
import { addSeconds } from '../base/clock.ts'
import { forgetBefore } from '../db/in-batches.ts'
import type { Db, Schema, Tx } from '../db/schema.ts'
import { fromPersonJson, toPersonJson } from '../sessions/person.store.ts'
import type { Person } from '../sessions/person.ts'
import type { LoginChallenge } from './login-challenge.ts'

export async function insertChallenge(
  db: Db,
  challenge: Omit<LoginChallenge, 'person' | 'acceptedAt' | 'rejectedAt' | 'rejectedReason' | 'spentAt'>,
  browserHash: Uint8Array,
): Promise<void> {
  await db
    .insertInto('login_challenges')
    .values({
      hash: challenge.hash,
      browser_hash: browserHash,
      return_to: challenge.returnTo,
      refused_to: challenge.refusedTo,
      client_name: challenge.clientName,
      login_hint: challenge.loginHint,
      wants_fresh: challenge.wantsFresh,
      created_at: challenge.createdAt,
      expires_at: challenge.expiresAt,
    })
    .execute()
}

/** A challenge by its own token, or by the verifier of its answer. */
export type ChallengeName = { readonly hash: Uint8Array } | { readonly verifierHash: Uint8Array }

/** @param browserHash the browser that it must belong to; null where the provider's backend asks */
export async function findChallenge(
  db: Db,
  name: ChallengeName,
  browserHash: Uint8Array | null,
): Promise<LoginChallenge | undefined> {
  let query = db.selectFrom('login_challenges').selectAll()
  query =
    'hash' in name
      ? query.where('hash', '=', name.hash)
      : query.where('verifier_hash', '=', name.verifierHash)
  if (browserHash !== null) query = query.where('browser_hash', '=', browserHash)
  const row = await query.executeTakeFirst()
  return row === undefined ? undefined : fromRow(row)
}

/** Answer of the external login. */
type ChallengeAnswer = { readonly person: Person } | { readonly rejectedReason: string }

/** Answers an open challenge. @returns false where it is not open */
export async function answerChallenge(
  tx: Tx,
  hash: Uint8Array,
  answer: ChallengeAnswer,
  verifierHash: Uint8Array,
  now: Date,
): Promise<boolean> {
  const done = await tx
    .updateTable('login_challenges')
    .set(
      'person' in answer
        ? { verifier_hash: verifierHash, accepted_at: now, person: toPersonJson(answer.person) }
        : { verifier_hash: verifierHash, rejected_at: now, rejected_reason: answer.rejectedReason },
    )
    .where('hash', '=', hash)
    .where('verifier_hash', 'is', null)
    .where('spent_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}

/** Spends a challenge in the browser that made it; of racing requests one succeeds. */
export async function spendChallenge(
  tx: Tx,
  name: ChallengeName,
  browserHash: Uint8Array,
  now: Date,
): Promise<LoginChallenge | undefined> {
  const update = tx
    .updateTable('login_challenges')
    .set({ spent_at: now })
    .where('browser_hash', '=', browserHash)
    .where('spent_at', 'is', null)
    .where('expires_at', '>', now)
    .returningAll()
  // By its own token only while the backend has not answered: a challenge starts one session, never two.
  const named =
    'hash' in name
      ? update.where('hash', '=', name.hash).where('verifier_hash', 'is', null)
      : update.where('verifier_hash', '=', name.verifierHash)
  const row = await named.executeTakeFirst()
  return row === undefined ? undefined : fromRow(row)
}

function fromRow(row: Selectable<Schema['login_challenges']>): LoginChallenge {
  return {
    hash: row.hash,
    returnTo: row.return_to,
    refusedTo: row.refused_to,
    clientName: row.client_name,
    loginHint: row.login_hint,
    wantsFresh: row.wants_fresh,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    person: fromPersonJson(row.person),
    acceptedAt: row.accepted_at,
    rejectedAt: row.rejected_at,
    rejectedReason: row.rejected_reason,
    spentAt: row.spent_at,
  }
}

/** Short: a stranger can start a sign-in, each start is a row, and an expired one has nothing left to say. */
const KEPT_SECONDS = 600

export async function pruneChallenges(db: Db, now: Date): Promise<void> {
  await forgetBefore(db, 'login_challenges', 'expires_at', addSeconds(now, -KEPT_SECONDS))
}
