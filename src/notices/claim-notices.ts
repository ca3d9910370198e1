import { setTimeout as sleep } from 'node:timers/promises'
import { addSeconds } from '../base/clock.ts'
import type { Db } from '../db/schema.ts'
import { findPolicies, type StoredPolicy } from '../owners/policy.store.ts'
import { DEFAULT_NOTICE_TIERS } from '../owners/policy.ts'
import { secretsOf } from '../secrets/secret.store.ts'
import { type EndOfSecret, type NoticeHolder, noticeHolders, secretsEnding } from './holder.store.ts'
import { claimNotices, tiersTold, toldBefore } from './notice.store.ts'
import { AHEAD_SECONDS, type Notice, type NoticeCause, noticeOf, TOLD_AFTER_END_SECONDS } from './notice.ts'

/** Secrets of one step. On PGlite nothing else runs during a statement. */
const AT_ONCE = 500
/** Longest pause after a step, which is as long as the step took. */
const LONGEST_PAUSE_MS = 250
const DAY_SECONDS = 24 * 3600

/**
 * Claims what is to be told about secrets that end: steps over all that end within the farthest tier. Each notice is
 * stored once, whatever other servers do and however often this is done again.
 */
export async function claimDueNotices(db: Db, now: Date): Promise<void> {
  const policies = await findPolicies(db)
  const farthest = Math.max(
    0,
    ...DEFAULT_NOTICE_TIERS,
    ...[...policies.keys()].flatMap((env) => tiersIn(policies, env)),
  )
  const span = {
    from: addSeconds(now, -TOLD_AFTER_END_SECONDS),
    until: addSeconds(now, farthest * DAY_SECONDS + AHEAD_SECONDS),
  }
  let after: EndOfSecret | null = null
  for (;;) {
    const startedAt = performance.now()
    const ends: EndOfSecret[] = await secretsEnding(db, span, after, AT_ONCE)
    await claimNotices(db, await noticesOf(db, ends, policies, now), now)
    after = ends.at(-1) ?? null
    if (ends.length < AT_ONCE) return
    await sleep(Math.min(performance.now() - startedAt, LONGEST_PAUSE_MS))
  }
}

async function noticesOf(
  db: Db,
  ends: readonly EndOfSecret[],
  policies: ReadonlyMap<string, StoredPolicy>,
  now: Date,
): Promise<Omit<Notice, 'id'>[]> {
  const holderIds = [...new Set(ends.map(({ holderId }) => holderId))]
  const holders = await noticeHolders(db, holderIds)
  const told = Map.groupBy(
    await toldBefore(
      db,
      ends.map(({ id }) => id),
    ),
    ({ subjectId }) => subjectId,
  )
  const secrets = Map.groupBy(await secretsOf(db, holderIds), ({ holderId }) => holderId)
  return ends.flatMap(({ id, holderId }) => {
    const holder = holders.get(holderId)
    const ofHolder = secrets.get(holderId) ?? []
    const secret = ofHolder.find((each) => each.id === id)
    if (holder === undefined || holder.isStopped || secret === undefined) return []
    const toldOf = (cause: NoticeCause, endsAt: Date) => tiersTold(told.get(id) ?? [], cause, endsAt)
    const found = noticeOf(secret, ofHolder, tiersFor(holder, policies), now, toldOf)
    if (found === null) return []
    const { kind: holderKind, ownerId } = holder
    return [{ subjectId: id, holderKind, holderId, ownerId, ...found }]
  })
}

/** Days before the end at which people of a holder are told. Admin keys are of no environment. */
export function tiersFor(
  { environment }: Pick<NoticeHolder, 'environment'>,
  policies: ReadonlyMap<string, StoredPolicy>,
): readonly number[] {
  return environment === null ? DEFAULT_NOTICE_TIERS : tiersIn(policies, environment)
}

function tiersIn(policies: ReadonlyMap<string, StoredPolicy>, environment: string): readonly number[] {
  return policies.get(environment)?.rules.noticeTiers ?? DEFAULT_NOTICE_TIERS
}
