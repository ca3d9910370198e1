import type { Tx } from '../db/schema.ts'
import { claimNotices, dropPending, tiersTold, toldBefore } from './notice.store.ts'
import { type HolderKind, tierToTell } from './notice.ts'

/** An end that a rule brings. */
export interface EndByRule {
  readonly holderKind: HolderKind
  readonly holderId: string
  /** Null: the API provider's own. */
  readonly ownerId: string | null
  /** Told about once for each tier and end: the holder, or its current secret. */
  readonly subjectId: string
  readonly cause: 'rotation_due' | 'idle' | 'no_allow_list'
  /** Since when the rule counts: no notice is sent before the middle of the time until the end. */
  readonly startsAt: Date
  readonly endsAt: Date
  /** Days before the end: the policy's `noticeTiers`, or the default. */
  readonly tiers: readonly number[]
}

/**
 * Tells the people of a holder that a rule will disable it: call it again and again as the end comes nearer, and each tier
 * is told once. It only writes a row; the mail follows.
 *
 * @returns true where a notice was written now
 */
export async function announceEnd(tx: Tx, end: EndByRule, now: Date): Promise<boolean> {
  const { startsAt, endsAt, tiers, ...of } = end
  const told = tiersTold(await toldBefore(tx, [end.subjectId]), end.cause, endsAt)
  const found = tierToTell({ startsAt, endsAt }, tiers, now, told)
  return found !== null && (await claimNotices(tx, [{ ...of, endsAt, ...found }], now)) > 0
}

/** Takes back what no mail has carried yet: the key was used, or rotated. */
export async function withdrawEnd(
  tx: Tx,
  { subjectId, cause }: Pick<EndByRule, 'subjectId' | 'cause'>,
): Promise<void> {
  await dropPending(tx, subjectId, cause)
}
