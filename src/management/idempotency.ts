import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import type { Secret } from '@doorward/sdk/kernel'
import { addSeconds } from '../base/clock.ts'
import { no, type Result, yes } from '../base/result.ts'
import { forgetBefore } from '../db/in-batches.ts'
import type { Db, Tx } from '../db/schema.ts'
import { type Problem, problem } from '../http/problem.ts'
import type { Authenticated } from './authenticator.ts'

/**
 * `Idempotency-Key` for operations that mint a secret: the second request with the same key has no effect and gets the
 * first one's answer, secret included, so that a lost response loses nothing.
 *
 * The answer is kept sealed (AES-256-GCM), and the request as an HMAC, both under keys derived (HKDF) from the secret that
 * the caller presented, which the database never holds. Only the same client can read the answer again. A dump of the
 * database does not help to guess what a request held, such as a password.
 */

/** Answers can be requested again for this long. */
export const ANSWERS_KEPT_SECONDS = 24 * 3600

/** A request with an `Idempotency-Key`. */
export interface NamedRequest {
  readonly key: string
  /** Method, path and body; a different request under the same key is refused. */
  readonly content: string
}

/**
 * Claims the key in the transaction of the change. Of concurrent requests one gets through; the others wait for its row
 * and then read its answer. One that can no longer be requested makes way, though housekeeping has not removed it yet.
 *
 * @returns the first answer, or null where this request is the first
 */
export async function claim(
  tx: Tx,
  who: Authenticated,
  request: NamedRequest,
): Promise<Result<string | null, Problem>> {
  const fingerprint = fingerprintOf(who.credential.secret, request)
  const fresh = { fingerprint, sealed_answer: null, created_at: who.caller.now }
  const inserted = await tx
    .insertInto('idempotent_requests')
    .values({ ...rowKey(who, request), ...fresh })
    .onConflict((conflict) =>
      conflict
        .columns(['admin_key_id', 'idempotency_key_hash'])
        .doUpdateSet(fresh)
        .where('idempotent_requests.created_at', '<=', keptSince(who)),
    )
    .executeTakeFirst()
  if (inserted.numInsertedOrUpdatedRows === 1n) return yes(null)

  return answerOf(await rowOf(tx, who, request).selectAll().executeTakeFirstOrThrow(), who, request)
}

/** The answer to an earlier request; null where the key seems free, which only `claim` makes sure of. */
export async function findAnswer(
  db: Db,
  who: Authenticated,
  request: NamedRequest,
): Promise<Result<string | null, Problem>> {
  const first = await rowOf(db, who, request)
    .where('created_at', '>', keptSince(who))
    .selectAll()
    .executeTakeFirst()
  return first === undefined ? yes(null) : answerOf(first, who, request)
}

function answerOf(first: KeptAnswer, who: Authenticated, request: NamedRequest): Result<string, Problem> {
  const answer = unseal(first, who.credential.secret, request)
  if (answer === null)
    return no(
      problem(
        'replay_unavailable',
        'The first request was made with another secret than this one. Look up what it created, and rotate that.',
      ),
    )
  if (!timingSafeEqual(first.fingerprint, fingerprintOf(who.credential.secret, request)))
    return no(
      problem(
        'idempotency_key_reused',
        'A different request was made with this Idempotency-Key. Use a new one.',
      ),
    )
  return yes(answer)
}

interface KeptAnswer {
  readonly fingerprint: Uint8Array
  /** Null only inside the transaction that makes the answer. */
  readonly sealed_answer: Uint8Array | null
}

/** Keeps the answer for a repeated request, in the same transaction. */
export async function keep(tx: Tx, who: Authenticated, request: NamedRequest, answer: string): Promise<void> {
  const { admin_key_id, idempotency_key_hash } = rowKey(who, request)
  await tx
    .updateTable('idempotent_requests')
    .set({ sealed_answer: seal(answer, who.credential.secret, request) })
    .where('admin_key_id', '=', admin_key_id)
    .where('idempotency_key_hash', '=', idempotency_key_hash)
    .execute()
}

/** Removes answers that can no longer be requested. */
export async function forgetOldRequests(db: Db, now: Date): Promise<void> {
  await forgetBefore(db, 'idempotent_requests', 'created_at', addSeconds(now, -ANSWERS_KEPT_SECONDS))
}

function keptSince({ caller }: Authenticated): Date {
  return addSeconds(caller.now, -ANSWERS_KEPT_SECONDS)
}

/** The column `admin_key_id` holds the id of any caller; it is named after the first kind there was. */
function rowKey({ caller }: Authenticated, request: NamedRequest) {
  return { admin_key_id: caller.actor.id, idempotency_key_hash: sha256(request.key) }
}

function rowOf(db: Db, who: Authenticated, request: NamedRequest) {
  const { admin_key_id, idempotency_key_hash } = rowKey(who, request)
  return db
    .selectFrom('idempotent_requests')
    .where('admin_key_id', '=', admin_key_id)
    .where('idempotency_key_hash', '=', idempotency_key_hash)
}

const NONCE_BYTES = 12
const TAG_BYTES = 16

function seal(answer: string, presented: Secret, request: NamedRequest): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', keyFor('answer', presented, request), nonce)
  cipher.setAAD(fingerprintOf(presented, request))
  const sealed = Buffer.concat([cipher.update(answer, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed])
}

/** @returns null where it was sealed with another secret */
function unseal(
  { fingerprint, sealed_answer: sealed }: KeptAnswer,
  presented: Secret,
  request: NamedRequest,
): string | null {
  if (sealed === null) return null
  const key = keyFor('answer', presented, request)
  const cipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES))
  cipher.setAAD(fingerprint)
  cipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
  try {
    return cipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + cipher.final('utf8')
  } catch {
    return null
  }
}

function fingerprintOf(presented: Secret, request: NamedRequest): Buffer {
  return createHmac('sha256', keyFor('request', presented, request))
    .update(request.content)
    .digest()
}

function keyFor(use: 'answer' | 'request', presented: Secret, request: NamedRequest): Buffer {
  return Buffer.from(hkdfSync('sha256', presented.reveal(), request.key, `doorward idempotent ${use}`, 32))
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
