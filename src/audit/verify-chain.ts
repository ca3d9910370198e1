import type { Db } from '../db/schema.ts'
import { archivedTo, isArchiveRecorded } from './audit-archive.store.ts'
import { chainHead, eventsAfter } from './audit-event.store.ts'
import type { Link } from './audit-event.ts'
import { follows } from './hash-chain.ts'

export type ChainCheck =
  | {
      readonly intact: true
      readonly events: number
      /** Null where the walk has not come to the head: then `next` says where to go on. */
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
   * Where to begin: behind this event, whose hash is compared with the one that is given here. Where it is in an archive,
   * the walk begins behind the archive, and its hash is not compared.
   */
  readonly after?: { readonly seq: number; readonly hash?: Uint8Array | undefined } | undefined
  /** How many events to walk at most. */
  readonly limit?: number
  readonly onProgress?: (events: number) => void
}

const STRETCH = 1_000

/**
 * Walks the chain, a thousand events at a time, and names the first broken row.
 *
 * It shows any change made behind Doorward's back by a person who did not also recompute every later hash and the
 * head. Against one who can, keep `headHash` elsewhere from time to time: a chain that no longer passes through it
 * was rewritten.
 *
 * What is in an archive is not walked: the chain begins behind it, and holds an event that tells of it.
 */
export async function verifyChain(db: Db, walk: Walk = {}): Promise<ChainCheck> {
  const archived = await archivedTo(db)
  const check = await walkFrom(db, archived, walk)
  if (check.intact || (await archivedTo(db)).seq === archived.seq) return check
  // Events went into an archive while we walked over them.
  return await verifyChain(db, walk)
}

async function walkFrom(db: Db, archived: Link, { after, limit, onProgress }: Walk): Promise<ChainCheck> {
  if (archived.seq > 0 && !(await isArchiveRecorded(db, archived)))
    return broken({ ...archived, id: null }, 'no event tells of this archive')
  // The head first: events that come in while we walk are then simply beyond it.
  const head = await chainHead(db)
  const from = Math.max(after?.seq ?? 0, archived.seq)
  const begin = from === archived.seq ? archived : await linkAt(db, from)
  if (begin === null || begin.seq > head.seq) return missing(from)
  if (after?.hash !== undefined && after.seq === begin.seq && !same(begin.hash, after.hash))
    return broken({ ...begin, id: null }, 'the hash is not the one that was given')

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

/** The place with this number, as it is stored. */
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
