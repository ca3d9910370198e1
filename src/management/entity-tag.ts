import { changedAfter, latestEvent } from '../audit/audit-event.store.ts'
import { no, type Result, yes } from '../base/result.ts'
import type { Db, Tx } from '../db/schema.ts'
import { type Problem, problem } from '../http/problem.ts'
import type { Caller } from './caller.ts'
import type { Operation } from './operation.ts'

/**
 * Entity tags (RFC 9110 §8.8.3) against lost updates: of two people who change the same thing from the same page, the
 * second one is refused.
 *
 * The tag of an answer is the id of the latest audit event when it was read. Every change writes an event about its target
 * in its own transaction, so a thing has changed since then if there is a later event about it. One tag serves all kinds
 * of things, those in lists too, and needs no column. Uses, which write no event, leave it valid.
 */

/** Before the first event. */
const NONE = 'none'
/** `W/` marks a weak one. Ours have neither quotes nor commas in them. */
const TAG = /^(?:W\/)?"[\x21\x23-\x2b\x2d-\x7e]{1,100}"$/
const MAX_TAGS = 5

/** The tag of what is read after it. A change in between makes it too old, which refuses too much and never too little. */
export async function tagBefore(db: Db): Promise<string> {
  return `"${(await latestEvent(db))?.id ?? NONE}"`
}

/** The tag of what a change has made of its target; of before it, where the change changed nothing. */
export async function tagAfter(tx: Tx, { requestId }: Caller, before: string): Promise<string> {
  const latest = await latestEvent(tx)
  return latest === undefined || latest.requestId !== requestId ? before : `"${latest.id}"`
}

/** Returns the tags of a request's `If-Match`; null where it has none, or takes any. A weak tag never matches (§13.1.1). */
export function readIfMatch(header: unknown): Result<readonly string[] | null, Problem> {
  if (typeof header !== 'string' || header.trim() === '*') return yes(null)
  const tags = header.split(',').map((tag) => tag.trim())
  if (tags.length > MAX_TAGS || !tags.every((tag) => TAG.test(tag))) return no(MALFORMED)
  return yes(tags.filter((tag) => !tag.startsWith('W/')).map((tag) => tag.slice(1, -1)))
}

const MALFORMED = problem(
  'invalid_request',
  'Send in If-Match the ETag as it came with the answer, in its quotes.',
)

/** The id by which audit events name what an operation changes. */
function targetOf({ url }: Pick<Operation<never, never, never>, 'url'>, params: unknown): string {
  const [id] = Object.values((params ?? {}) as Record<string, string>)
  return id ?? url.slice(url.lastIndexOf('/') + 1)
}

/**
 * Returns why a change is refused by its `If-Match`, or null. Asked at the end of the change's transaction, which then
 * holds the lock of the audit log: every other change is either seen here, or comes after this one. What the server does
 * by itself, such as ending a rotation, undoes nobody's change and does not count.
 */
export async function whyChangedMeanwhile(
  tx: Tx,
  { requestId }: Caller,
  operation: Pick<Operation<never, never, never>, 'url'>,
  params: unknown,
  tags: readonly string[],
): Promise<Problem | null> {
  const targetId = targetOf(operation, params)
  for (const tag of tags) {
    const since = tag === NONE ? 'the start' : { eventId: tag }
    if (!(await changedAfter(tx, since, { targetId, exceptRequestId: requestId }))) return null
  }
  return CHANGED_MEANWHILE
}

const CHANGED_MEANWHILE = problem(
  'changed_meanwhile',
  'It was changed since the ETag in If-Match was read. Nothing was changed now. Read it again, and decide then.',
)
