import type { Db } from '../db/schema.ts'
import { archivedTo, isArchiveRecorded } from './audit-archive.store.ts'
import { chainHead, eventsAfter } from './audit-event.store.ts'
import type { Link } from './audit-event.ts'
import { follows } from './hash-chain.ts'

export type ChainCheck =
  | {
      readonly intact: true
      readonly events: number
      /** Null if the walk has not reached the head: then `next` is where to continue. */
      readonly headHash: string | null
      readonly next: Link | null
    }
  | {
      readonly intact: false
      readonly events: number
      readonly firstBroken: { seq: number; id: string | null; fault: string }
    }

interface Walk {
  /**
   * The walk begins after this event, and its hash is compared with the given one. If the event is archived, the walk
   * begins after the archive, and the hash is not compared.
   */
  readonly after?: { readonly seq: number; readonly hash?: Uint8Array | undefined } | undefined
  /** Most events to walk. */
  readonly limit?: number
  readonly onProgress?: (events: number) => void
}

const STRETCH = 1_000

/** Bound on the events that one request walks, which takes some half a second. */
export const EVENTS_OF_WALK = 20_000

/**
 * Walks the chain, a thousand events at a time, and names the first broken row.
 *
 * Tamper evidence: it shows any change made past Doorward, unless every later hash and the head were recomputed too.
 * Against that, keep `headHash` elsewhere from time to time: a chain that no longer passes through it was rewritten.
 *
 * Archived events are not walked: the chain begins after them, and holds an event that records the archive.
 */
export async function verifyChain(db: Db, walk: Walk = {}): Promise<ChainCheck> {
  const archived = await archivedTo(db)
  const check = await walkFrom(db, archived, walk)
  if (check.intact || (await archivedTo(db)).seq === archived.seq) return check
  // Events were archived during the walk.
  return await verifyChain(db, walk)
}

async function walkFrom(db: Db, archived: Link, { after, limit, onProgress }: Walk): Promise<ChainCheck> {
  if (archived.seq > 0 && !(await isArchiveRecorded(db, archived)))
    return broken({ ...archived, id: null }, 'no event records this archive')
  // The head first: events that are appended during the walk are beyond it.
  const head = await chainHead(db)
  const from = Math.max(after?.seq ?? 0, archived.seq)
  const begin = from === archived.seq ? archived : await linkAt(db, from)
  if (begin === null || begin.seq > head.seq) return missing(from)
  if (after?.hash !== undefined && after.seq === begin.seq && !same(begin.hash, after.hash))
    return broken({ ...begin, id: null }, 'the hash differs from the given one')

  const end = Math.min(head.seq, begin.seq + (limit ?? head.seq))
  let last = begin
  while (last.seq < end) {
    const stretch = await eventsAfter(db, last.seq, Math.min(STRETCH, end - last.seq))
    if (stretch.length === 0) return missing(last.seq + 1)
    for (const event of stretch) {
      const fault = follows(last, event)
      if (fault === 'missing') return missing(last.seq + 1)
      if (fault === 'altered') return broken(event, 'the row was altered')
      last = event
    }
    onProgress?.(last.seq)
  }
  if (end < head.seq) return { intact: true, events: last.seq, headHash: null, next: last }
  if (!same(last.hash, head.hash))
    return {
      intact: false,
      events: last.seq,
      firstBroken: { seq: last.seq, id: null, fault: 'the head does not match the last row' },
    }
  return { intact: true, events: last.seq, headHash: Buffer.from(head.hash).toString('hex'), next: null }
}

/** The stored link with this number. */
async function linkAt(db: Db, seq: number): Promise<Link | null> {
  const [event] = await eventsAfter(db, seq - 1, 1)
  return event?.seq === seq ? event : null
}

function missing(seq: number): ChainCheck {
  return broken({ seq, id: null }, 'the row is missing')
}

function broken({ seq, id }: { seq: number; id: string | null }, fault: string): ChainCheck {
  return { intact: false, events: Math.max(0, seq - 1), firstBroken: { seq, id, fault } }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
