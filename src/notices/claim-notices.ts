import { setTimeout as sleep } from 'node:timers/promises'
import { addSeconds } from '../base/clock.ts'
import type { Db } from '../db/schema.ts'
import { secretsOf } from '../secrets/secret.store.ts'
import { type EndByRule, keysEndingBy } from './ends-by-rule.store.ts'
import { type EndOfSecret, noticeHolders, secretsEnding } from './holder.store.ts'
import { claimNotices, tiersTold, toldBefore } from './notice.store.ts'
import {
  AHEAD_SECONDS,
  isLeftToItsProgram,
  NOTICES_BY_RULE,
  type Notice,
  type NoticeByRule,
  type NoticeCause,
  noticeOf,
  TOLD_AFTER_END_SECONDS,
  tierByRule,
} from './notice.ts'
import { type NoticeTiers, noticeTiers } from './notice-tiers.ts'

/** Secrets or keys of one step. On PGlite nothing else runs during a statement. */
const AT_ONCE = 500
/** Longest pause after a step, which is as long as the step took. */
const LONGEST_PAUSE_MS = 250
const DAY_SECONDS = 24 * 3600

/**
 * Claims what is to be told: of secrets that end, and of keys that a rule of the policy disables. Steps over all that end
 * within the farthest tier. Each notice is stored once, whatever other servers do and however often this is done again.
 */
export async function claimDueNotices(db: Db, now: Date): Promise<void> {
  const tiers = await noticeTiers(db)
  const until = addSeconds(now, tiers.farthest * DAY_SECONDS + AHEAD_SECONDS)
  const ended = { from: addSeconds(now, -TOLD_AFTER_END_SECONDS), until }
  await inSteps(
    (after: EndOfSecret | null) => secretsEnding(db, ended, after, AT_ONCE),
    async (ends) => claimNotices(db, await noticesOf(db, ends, tiers, now), now),
  )
  for (const cause of NOTICES_BY_RULE)
    await inSteps(
      (after: EndByRule | null) => keysEndingBy(db, cause, { from: now, until }, after, AT_ONCE),
      async (ends) => claimNotices(db, await noticesByRule(db, cause, ends, tiers, now), now),
    )
}

/** Takes the rows of a walk in steps, with a pause after each. */
async function inSteps<Row>(
  next: (after: Row | null) => Promise<Row[]>,
  take: (rows: readonly Row[]) => Promise<unknown>,
): Promise<void> {
  let after: Row | null = null
  for (;;) {
    const startedAt = performance.now()
    const rows = await next(after)
    await take(rows)
    after = rows.at(-1) ?? null
    if (rows.length < AT_ONCE) return
    await sleep(Math.min(performance.now() - startedAt, LONGEST_PAUSE_MS))
  }
}

async function noticesOf(
  db: Db,
  ends: readonly EndOfSecret[],
  tiers: NoticeTiers,
  now: Date,
): Promise<Omit<Notice, 'id'>[]> {
  const holderIds = [...new Set(ends.map(({ holderId }) => holderId))]
  const holders = await noticeHolders(db, holderIds)
  const told = await toldOf(
    db,
    ends.map(({ id }) => id),
  )
  const secrets = Map.groupBy(await secretsOf(db, holderIds), ({ holderId }) => holderId)
  return ends.flatMap(({ id, holderId }) => {
    const holder = holders.get(holderId)
    const ofHolder = secrets.get(holderId) ?? []
    const secret = ofHolder.find((each) => each.id === id)
    if (holder === undefined || holder.isStopped || secret === undefined) return []
    const before = (cause: NoticeCause, endsAt: Date) => tiersTold(told.get(id) ?? [], cause, endsAt)
    const found = noticeOf(secret, ofHolder, tiers.of(holder), now, before)
    if (found === null || isLeftToItsProgram(found.cause, holder, ofHolder, now)) return []
    const { kind: holderKind, ownerId } = holder
    return [{ subjectId: id, holderKind, holderId, ownerId, ...found }]
  })
}

async function noticesByRule(
  db: Db,
  cause: NoticeByRule,
  ends: readonly EndByRule[],
  tiers: NoticeTiers,
  now: Date,
): Promise<Omit<Notice, 'id'>[]> {
  const told = await toldOf(
    db,
    ends.map(({ id }) => id),
  )
  const ids = cause === 'rotation_due' ? ends.map(({ id }) => id) : []
  const holders = await noticeHolders(db, ids)
  const secrets = Map.groupBy(await secretsOf(db, ids), ({ holderId }) => holderId)
  return ends.flatMap(({ id, ownerId, environment, endsAt }) => {
    const holder = holders.get(id)
    if (holder !== undefined && isLeftToItsProgram(cause, holder, secrets.get(id) ?? [], now)) return []
    const before = tiersTold(told.get(id) ?? [], cause, endsAt)
    const found = tierByRule(endsAt, tiers.of({ environment, ownerId }), now, before)
    if (found === null) return []
    return [{ subjectId: id, holderKind: 'key', holderId: id, ownerId, cause, endsAt, ...found }]
  })
}

async function toldOf(db: Db, subjectIds: readonly string[]) {
  return Map.groupBy(await toldBefore(db, subjectIds), ({ subjectId }) => subjectId)
}
