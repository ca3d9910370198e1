import { addSeconds } from '../base/clock.ts'
import { no, type Result, yes } from '../base/result.ts'
import type { Db } from '../db/schema.ts'
import { archiveEvents, type Cut, planArchive, removeEvents } from './archive-events.ts'
import { checkArchive, hexOf } from './archive-file.ts'
import { removeArchived } from './audit-archive.store.ts'
import type { Origin } from './audit-event.ts'

export interface ArchiveFlags {
  readonly 'until-seq'?: string | undefined
  readonly 'older-than-days'?: string | undefined
  readonly out?: string | undefined
  readonly remove?: boolean | undefined
}

const USAGE =
  'Choose the events: --until-seq N or --older-than-days D. To check an archive: --check FILE. See --help.'
const DAY_SECONDS = 86_400

/** Archives events as the flags ask. Without `out` it changes nothing. @returns the message to print; "no" on failure */
export async function archiveAudit(
  db: Db,
  origin: Origin,
  flags: ArchiveFlags,
): Promise<Result<string, string>> {
  const { out, remove } = flags
  const cut = cutOf(flags, origin.now)
  if (cut === null) {
    const isAlone = flags['until-seq'] === undefined && flags['older-than-days'] === undefined
    if (!isAlone || out !== undefined || !remove) return no(USAGE)
    return yes(`Removed ${await removeArchived(db)} events that are in an archive already.`)
  }
  const plan = await planArchive(db, cut)
  if (!plan.ok) return plan
  const events = `events ${plan.value.after.seq + 1} to ${plan.value.to}`
  if (out === undefined)
    return remove
      ? no('--remove needs --out FILE.')
      : yes(`Would archive ${events}. To archive them, add --out FILE.`)
  const archive = await archiveEvents(db, plan.value, out)
  const written = `Wrote ${events} to ${out}, head ${hexOf(archive.head.hash)}.`
  if (!remove) return yes(written)
  const removed = await removeEvents(db, origin, archive)
  return removed.ok ? yes(`${written} Removed ${removed.value} events from the database.`) : removed
}

/** Verifies the file of an archive. @returns the message to print; "no" if the archive is broken */
export async function checkFile(path: string): Promise<Result<string, string>> {
  const found = await checkArchive(path)
  if (!found.ok) return no(`The archive is broken: ${found.no}.`)
  const { after, head } = found.value
  return yes(
    `The archive is intact: events ${after.seq + 1} to ${head.seq}, after ${hexOf(after.hash)}, head ${hexOf(head.hash)}`,
  )
}

function cutOf(flags: ArchiveFlags, now: Date): Cut | null {
  const { 'until-seq': untilSeq, 'older-than-days': days } = flags
  if ((untilSeq === undefined) === (days === undefined)) return null
  const number = /^\d{1,15}$/.test(untilSeq ?? days ?? '') ? Number(untilSeq ?? days) : null
  if (number === null) return null
  return untilSeq === undefined ? { before: addSeconds(now, -number * DAY_SECONDS) } : { untilSeq: number }
}
