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
import type { Caller } from './caller.ts'

/**
 * `Idempotency-Key` on what makes a secret: the second request with the same key has no effect and gets the first
 * one's answer, secret included, so that a lost response loses nothing.
 *
 * The answer is kept sealed (AES-256-GCM), and the request as an HMAC, both under keys derived from the admin key's plain
 * secret, which the database never holds. Only who made the request can read the answer again, and a dump of the database
 * is no way to guess at what a request held, such as a password.
 */

/** How long an answer can be asked for again. */
const KEPT_SECONDS = 24 * 3600

/** One request that names itself. */
export interface NamedRequest {
  readonly key: string
  /** Method, path and body; another request under the same name is refused. */
  readonly content: string
}

/**
 * Claims the name, in the transaction of the change. Of racing requests one gets through; the others wait for its
 * row and then read its answer.
 *
 * @returns the first answer, or null where this request is the first
 */
export async function claim(
  tx: Tx,
  caller: Caller,
  request: NamedRequest,
): Promise<Result<string | null, Problem>> {
  const fingerprint = fingerprintOf(caller.presented, request)
  const inserted = await tx
    .insertInto('idempotent_requests')
    .values({ ...rowKey(caller, request), fingerprint, created_at: caller.now })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  if (inserted.numInsertedOrUpdatedRows === 1n) return yes(null)

  return answerOf(await rowOf(tx, caller, request).selectAll().executeTakeFirstOrThrow(), caller, request)
}

/** The answer to a request that was made before; null where the name is free as yet, which only `claim` makes sure of. */
export async function findAnswer(
  db: Db,
  caller: Caller,
  request: NamedRequest,
): Promise<Result<string | null, Problem>> {
  const first = await rowOf(db, caller, request).selectAll().executeTakeFirst()
  return first === undefined ? yes(null) : answerOf(first, caller, request)
}

function answerOf(first: KeptAnswer, caller: Caller, request: NamedRequest): Result<string, Problem> {
  const answer = unseal(first, caller.presented, request)
  if (answer === null)
    return no(
      problem(
        'replay_unavailable',
        'It was made with another secret of this admin key. Look the thing up, and rotate it.',
      ),
    )
  if (!timingSafeEqual(first.fingerprint, fingerprintOf(caller.presented, request)))
    return no(
      problem(
        'idempotency_key_reused',
        'Another request was made under this Idempotency-Key. Use a fresh one.',
      ),
    )
  return yes(answer)
}

interface KeptAnswer {
  readonly fingerprint: Uint8Array
  /** Null only until the transaction that makes the answer is over, which nobody else sees. */
  readonly sealed_answer: Uint8Array | null
}

/** Keeps the answer for whoever repeats the request, in the same transaction. */
export async function keep(tx: Tx, caller: Caller, request: NamedRequest, answer: string): Promise<void> {
  const { admin_key_id, idempotency_key_hash } = rowKey(caller, request)
  await tx
    .updateTable('idempotent_requests')
    .set({ sealed_answer: seal(answer, caller.presented, request) })
    .where('admin_key_id', '=', admin_key_id)
    .where('idempotency_key_hash', '=', idempotency_key_hash)
    .execute()
}

/** Removes what nobody can ask for any more. */
export async function forgetOldRequests(db: Db, now: Date): Promise<void> {
  await forgetBefore(db, 'idempotent_requests', 'created_at', addSeconds(now, -KEPT_SECONDS))
}

function rowKey(caller: Caller, request: NamedRequest) {
  return { admin_key_id: caller.adminKeyId, idempotency_key_hash: sha256(request.key) }
}

function rowOf(db: Db, caller: Caller, request: NamedRequest) {
  const { admin_key_id, idempotency_key_hash } = rowKey(caller, request)
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
