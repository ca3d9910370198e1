import { no, type Result, yes } from '../base/result.ts'
import type { Db } from '../db/schema.ts'
import { transact } from '../db/transact.ts'
import { appendEvents } from './append-events.ts'
import { type Archive, checkArchive, hexOf, writeArchive } from './archive-file.ts'
import { archivedTo, firstEventSince, moveArchivedTo, removeArchived } from './audit-archive.store.ts'
import { chainHead, eventsAfter } from './audit-event.store.ts'
import type { AuditEvent, Link, Origin } from './audit-event.ts'
import { follows } from './hash-chain.ts'

const STRETCH = 1_000

/** Up to and including an event, or all events older than a moment. */
export type Cut = { readonly untilSeq: number } | { readonly before: Date }

/** A stretch to archive: the events after `after`, up to and including event `to`. */
export interface Stretch {
  readonly after: Link
  readonly to: number
}

/** Finds the stretch that would be archived. @returns "no", in words, if there is none */
export async function planArchive(db: Db, cut: Cut): Promise<Result<Stretch, string>> {
  const head = await chainHead(db)
  const after = await archivedTo(db)
  const to = 'untilSeq' in cut ? cut.untilSeq : ((await firstEventSince(db, cut.before)) ?? head.seq + 1) - 1
  if (to > head.seq) return no(`There is no event ${to}: the last one is ${head.seq}.`)
  if (to <= after.seq) return no(`There is nothing to archive after event ${after.seq}.`)
  return yes({ after, to })
}

/**
 * Writes a stretch of the chain to a new file, verifying each event on the way, and reads the file again.
 *
 * @throws BrokenChainError if the chain or the file is broken; do not rely on the file then
 */
export async function archiveEvents(db: Db, { after, to }: Stretch, path: string): Promise<Archive> {
  const written = await writeArchive(path, after, verifiedEvents(db, after, to))
  const read = await checkArchive(path)
  if (!read.ok) throw new BrokenChainError(`The file was not written as it should be: ${read.no}.`)
  if (hexOf(read.value.head.hash) !== hexOf(written.head.hash))
    throw new BrokenChainError('The file has another head than the chain.')
  return read.value
}

/**
 * Removes archived events from the database, in batches. First, in one transaction, the chain gets its new beginning and
 * an event that records it; {@link removeArchived} therefore finishes a removal that was interrupted.
 *
 * @returns the number of removed events; "no", in words, if another archive was made meanwhile
 */
export async function removeEvents(
  db: Db,
  origin: Origin,
  { after, head }: Archive,
): Promise<Result<number, string>> {
  const moved = await transact(db, async (tx) => {
    const detail = { after_seq: after.seq, seq: head.seq, hash: hexOf(head.hash) }
    await appendEvents(tx, origin, [
      { action: 'audit.archived', target: { id: null, ownerId: null }, detail },
    ])
    return (await moveArchivedTo(tx, after, head))
      ? yes(null)
      : no('Another archive was made meanwhile: nothing was removed.')
  })
  return moved.ok ? yes(await removeArchived(db)) : moved
}

/** The chain is broken in the stretch to archive. */
export class BrokenChainError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'BrokenChainError'
  }
}

async function* verifiedEvents(db: Db, after: Link, to: number): AsyncIterable<readonly AuditEvent[]> {
  for (let last = after; last.seq < to; ) {
    const events = await eventsAfter(db, last.seq, Math.min(STRETCH, to - last.seq))
    if (events.length === 0) throw brokenAt(last.seq + 1)
    for (const event of events) {
      if (follows(last, event) !== null) throw brokenAt(last.seq + 1)
      last = event
    }
    yield events
  }
}

function brokenAt(seq: number): BrokenChainError {
  return new BrokenChainError(`The chain is broken at event ${seq}: nothing was archived. See verify-audit.`)
}
