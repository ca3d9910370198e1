import { setTimeout as sleep } from 'node:timers/promises'
import { addSeconds } from '../base/clock.ts'
import type { Db } from '../db/schema.ts'
import { findSettings } from './finding.store.ts'
import { FINDING_HOLDERS, type FindingHolderKind, type FindingSettings } from './finding.ts'
import { refreshHolders } from './refresh-findings.ts'
import { deletedHolders, findWalk, holdersAfter, putWalk, type WalkPlace } from './walk.store.ts'

/** Holders of one transaction. On PGlite nothing else runs during a statement. */
const AT_ONCE = 300
/** Longest pause after a step, which is as long as the step took. */
const LONGEST_PAUSE_MS = 250
/** A run ends after this time, and the next one goes on: other jobs of this server wait for it. */
const RUN_MS = 20_000
const WALK_EVERY_SECONDS = 3600

const START: WalkPlace = { kind: 'key', after: '' }

/** Goes on looking where the last run stopped, or begins again an hour after the last beginning. */
export async function goOnFinding(db: Db, now: Date, runMs = RUN_MS): Promise<void> {
  const { place, begunAt } = await findWalk(db)
  const next = addSeconds(begunAt, WALK_EVERY_SECONDS)
  // A moment that a wrong clock wrote far ahead counts as over.
  if (place === null && now < next && begunAt <= now) return
  const stopped = await findFindings(db, now, { from: place ?? START, runMs })
  await putWalk(db, { place: stopped, begunAt: place === null ? now : begunAt })
}

/**
 * Looks for all that needs attention: steps over all holders of each kind, each step in a transaction of its own. A run
 * that another server has taken over finds the same, and each finding is stored once.
 *
 * @returns where it stopped because its time was over; null at the end
 */
export async function findFindings(
  db: Db,
  now: Date,
  { from = START, runMs = Number.POSITIVE_INFINITY }: { from?: WalkPlace; runMs?: number } = {},
): Promise<WalkPlace | null> {
  const endsAtMs = performance.now() + runMs
  const settings = await findSettings(db)
  let place: WalkPlace | null = from
  while (place !== null) {
    const startedAtMs = performance.now()
    place = await takeStep(db, place, settings, now)
    if (performance.now() >= endsAtMs) return place
    await sleep(Math.min(performance.now() - startedAtMs, LONGEST_PAUSE_MS))
  }
  return null
}

/** Looks at the next holders of a kind. @returns where the next step begins; null at the end */
async function takeStep(
  db: Db,
  { kind, after }: WalkPlace,
  settings: FindingSettings,
  now: Date,
): Promise<WalkPlace | null> {
  const ids = await holdersAfter(db, kind, after, AT_ONCE)
  await lookAt(db, kind, ids, settings, now)
  const last = ids.at(-1)
  if (last !== undefined && ids.length === AT_ONCE) return { kind, after: last }
  if (kind !== 'key') await lookAt(db, kind, await deletedHolders(db, kind, AT_ONCE), settings, now)
  const next = FINDING_HOLDERS[FINDING_HOLDERS.indexOf(kind) + 1]
  return next === undefined ? null : { kind: next, after: '' }
}

async function lookAt(
  db: Db,
  kind: FindingHolderKind,
  ids: readonly string[],
  settings: FindingSettings,
  now: Date,
): Promise<void> {
  if (ids.length === 0) return
  await db.transaction().execute((tx) => refreshHolders(tx, kind, ids, settings, now))
}
