import { addSeconds } from '../base/clock.ts'
import { type AutoRotated, isAutoRotationOverdue } from '../owners/auto-rotation.ts'
import { runningRotation, type StoredSecret } from '../secrets/secret.ts'

export const HOLDER_KINDS = ['key', 'client', 'admin_key'] as const
export type HolderKind = (typeof HOLDER_KINDS)[number]

/**
 * Why something ends, or has ended. `overlap_ends`: the old secret of a rotation that callers still use. `rotation_due`,
 * `idle` and `no_allow_list`: a rule of the policy disables it.
 */
export const NOTICE_CAUSES = [
  'expires',
  'expired',
  'overlap_ends',
  'rotation_due',
  'idle',
  'no_allow_list',
] as const
export type NoticeCause = (typeof NOTICE_CAUSES)[number]

/** One thing that its people are told once. */
export interface Notice {
  readonly id: string
  /** A secret, or the holder itself: told about once for each cause, tier and end. */
  readonly subjectId: string
  readonly cause: NoticeCause
  /** Days before the end; 0: the end itself. */
  readonly tier: number
  readonly endsAt: Date
  readonly holderKind: HolderKind
  readonly holderId: string
  /** Null: the API provider's own. */
  readonly ownerId: string | null
  /** It may be sent up to a day before, with another of the same owner. */
  readonly dueAt: Date
}

const DAY_SECONDS = 24 * 3600
const DAY_MS = DAY_SECONDS * 1000

/** How long before it is due a notice may go along with another, and how long after an end it is still worth telling. */
export const AHEAD_SECONDS = 24 * 3600
export const TOLD_AFTER_END_SECONDS = 3 * 24 * 3600

export interface Life {
  readonly startsAt: Date
  readonly endsAt: Date
}

export interface Tier {
  readonly tier: number
  readonly dueAt: Date
}

/**
 * Tiers of a life, farthest from its end first. One that lies before the middle of the life is skipped: who has just made
 * something for a short time knows when it ends.
 */
export function tiersOf({ startsAt, endsAt }: Life, tiers: readonly number[]): Tier[] {
  const [start, end] = [startsAt.getTime(), endsAt.getTime()]
  return [...new Set(tiers)]
    .filter((tier) => tier > 0 && end - tier * DAY_MS >= start + (end - start) / 2)
    .sort((a, b) => b - a)
    .map((tier) => ({ tier, dueAt: addSeconds(endsAt, -tier * DAY_SECONDS) }))
}

/**
 * The one tier to tell at a moment; null: none. Where several are due, because servers were stopped or an end was moved,
 * it is the one that is nearest to the end. Where that was told, it may be one that is due within a day.
 *
 * @param told tiers of this end that were told before
 */
export function tierToTell(
  life: Life,
  tiers: readonly number[],
  now: Date,
  told: readonly number[] = [],
): Tier | null {
  if (now >= life.endsAt) return null
  const isNews = ({ tier }: Tier) => told.every((other) => tier < other)
  const all = tiersOf(life, tiers).filter(isNews)
  const due = all.findLast(({ dueAt }) => dueAt <= now)
  return due ?? all.find(({ dueAt }) => dueAt <= addSeconds(now, AHEAD_SECONDS)) ?? null
}

/** An end that a secret's people are told of, by its cause and tier. */
export type SecretNotice = Pick<Notice, 'cause' | 'tier' | 'endsAt' | 'dueAt'>

/**
 * Says what to tell of a secret's end; null: nothing. The old secret of a rotation ends in silence once its callers use the new
 * one.
 *
 * @param secrets all of its holder's
 * @param toldOf tiers of an end that were told before
 */
export function noticeOf(
  secret: StoredSecret,
  secrets: readonly StoredSecret[],
  tiers: readonly number[],
  now: Date,
  toldOf: (cause: NoticeCause, endsAt: Date) => readonly number[] = () => [],
): SecretNotice | null {
  if (secret.revokedAt !== null || secret.retiredAt !== null) return null
  const life = lifeOf(secret, secrets)
  if (life === null) return null
  const { endsAt } = life
  if (secret.retiresAt !== null) {
    const rotation = runningRotation(secrets, now)
    if (rotation === null || rotation.old.id !== secret.id || !isOldInUse(rotation, now)) return null
    const found = tierToTell(life, tiers, now, toldOf('overlap_ends', endsAt))
    return found && { cause: 'overlap_ends', endsAt, ...found }
  }
  if (now < endsAt) {
    const found = tierToTell(life, tiers, now, toldOf('expires', endsAt))
    return found && { cause: 'expires', endsAt, ...found }
  }
  const isRecent = now.getTime() - endsAt.getTime() < TOLD_AFTER_END_SECONDS * 1000
  return isRecent ? { cause: 'expired', tier: 0, endsAt, dueAt: endsAt } : null
}

/**
 * True where people are not told, for now: the key's own program is expected to rotate it before that end, and has not failed
 * to.
 */
export function isLeftToItsProgram(
  cause: NoticeCause,
  key: AutoRotated,
  secrets: readonly StoredSecret[],
  now: Date,
): boolean {
  const isPrevented = cause === 'expires' || cause === 'rotation_due'
  return isPrevented && key.autoRotateAfterDays !== null && !isAutoRotationOverdue(key, secrets, now)
}

/** A secret that is being replaced has a second life, from the start of its overlap. */
function lifeOf(secret: StoredSecret, secrets: readonly StoredSecret[]): Life | null {
  const { createdAt, expiresAt, retiresAt } = secret
  if (retiresAt === null) return expiresAt && { startsAt: createdAt, endsAt: expiresAt }
  const next = secrets.find((other) => other.revokedAt === null && other.retiresAt === null)
  if (next === undefined) return null
  const endsAt = expiresAt !== null && expiresAt < retiresAt ? expiresAt : retiresAt
  return { startsAt: next.createdAt, endsAt }
}

/** Callers that come once a week still count. */
const IN_USE_MS = 8 * DAY_MS

function isOldInUse({ old, next }: { old: StoredSecret; next: StoredSecret }, now: Date): boolean {
  const { lastUsedAt } = old
  return (
    lastUsedAt !== null &&
    lastUsedAt > next.createdAt &&
    now.getTime() - lastUsedAt.getTime() < IN_USE_MS &&
    !(next.lastUsedAt !== null && next.lastUsedAt.getTime() - lastUsedAt.getTime() > QUIET_MS)
  )
}

/** The new secret was used this much later than the old one: its callers have moved. */
const QUIET_MS = 2 * DAY_MS

/** Causes that are rules of the policy: they disable a key, whatever its secrets. */
export const NOTICES_BY_RULE = ['rotation_due', 'idle', 'no_allow_list'] as const satisfies NoticeCause[]
export type NoticeByRule = (typeof NOTICES_BY_RULE)[number]

export function isByRule(cause: NoticeCause): cause is NoticeByRule {
  return NOTICES_BY_RULE.some((each) => each === cause)
}

/**
 * The tier to tell of a date at which a rule disables a key. Such a date is stated as long ahead as the farthest tier, or
 * nearer where the time from due to disabled is shorter: no tier is too early.
 */
export function tierByRule(
  endsAt: Date,
  tiers: readonly number[],
  now: Date,
  told: readonly number[] = [],
): Tier | null {
  const startsAt = addSeconds(endsAt, -2 * Math.max(0, ...tiers) * DAY_SECONDS)
  return tierToTell({ startsAt, endsAt }, tiers, now, told)
}
