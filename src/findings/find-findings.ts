import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '../db/schema.ts'
import { findSettings } from './finding.store.ts'
import { FINDING_HOLDERS, type FindingHolderKind, type FindingSettings } from './finding.ts'
import { refreshHolders } from './refresh-findings.ts'
import { deletedHolders, holdersAfter } from './walk.store.ts'

/** Holders of one transaction. On PGlite nothing else runs during a statement. */
const AT_ONCE = 300
/** Longest pause after a step, which is as long as the step took. */
const LONGEST_PAUSE_MS = 250

/**
 * Looks for all that needs attention: steps over all holders of each kind, each step in a transaction of its own. A run
 * that another server has taken over finds the same, and each finding is stored once.
 */
export async function findFindings(db: Db, now: Date): Promise<void> {
  const settings = await findSettings(db)
  for (const kind of FINDING_HOLDERS) {
    let after = ''
    await inSteps(async () => {
      const ids = await holdersAfter(db, kind, after, AT_ONCE)
      await step(db, kind, ids, settings, now)
      after = ids.at(-1) ?? after
      return ids.length
    })
    if (kind !== 'key')
      await inSteps(async () => {
        const ids = await deletedHolders(db, kind, AT_ONCE)
        await step(db, kind, ids, settings, now)
        return ids.length
      })
  }
}

async function step(
  db: Db,
  kind: FindingHolderKind,
  ids: readonly string[],
  settings: FindingSettings,
  now: Date,
): Promise<void> {
  if (ids.length === 0) return
  await db.transaction().execute((tx) => refreshHolders(tx, kind, ids, settings, now))
}

/** Takes steps until one has fewer rows than it may, with a pause after each. */
async function inSteps(take: () => Promise<number>): Promise<void> {
  for (;;) {
    const startedAt = performance.now()
    if ((await take()) < AT_ONCE) return
    await sleep(Math.min(performance.now() - startedAt, LONGEST_PAUSE_MS))
  }
}
