import { createHash } from 'node:crypto'
import type { Db } from '../db/schema.ts'
import { chainHead, eventsAfter } from './audit-event.store.ts'
import { type AuditEvent, chainHash } from './audit-event.ts'

/** A place in the chain: the number of an event, and its hash. */
export interface Link {
  readonly seq: number
  readonly hash: Uint8Array
}

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
  /** Where to begin: behind this event, whose hash is compared with the one that is given here. */
  readonly after?: { readonly seq: number; readonly hash?: Uint8Array | undefined } | undefined
  /** How many events to walk at most. */
  readonly limit?: number
  readonly onProgress?: (events: number) => void
}

/** What the first event is chained to; the migration writes the same into the head. */
const GENESIS: Link = { seq: 0, hash: createHash('sha256').update('doorward').digest() }
const STRETCH = 1_000

/**
 * Walks the chain, a thousand events at a time, and names the first broken row.
 *
 * It shows any change made behind Doorward's back by a person who did not also recompute every later hash and the
 * head. Against one who can, keep `headHash` elsewhere from time to time: a chain that no longer passes through it
 * was rewritten.
 */
export async function verifyChain(db: Db, { after, limit, onProgress }: Walk = {}): Promise<ChainCheck> {
  // The head first: events that come in while we walk are then simply beyond it.
  const head = await chainHead(db)
  const begin = await linkAt(db, after?.seq ?? 0)
  if (begin === null || begin.seq > head.seq) return missing(after?.seq ?? 0)
  if (after?.hash !== undefined && !same(begin.hash, after.hash))
    return broken({ ...begin, id: null }, 'the hash is not the one that was given')

  const end = Math.min(head.seq, begin.seq + (limit ?? head.seq))
  let last = begin
  while (last.seq < end) {
    const stretch = await eventsAfter(db, last.seq, Math.min(STRETCH, end - last.seq))
    if (stretch.length === 0) return missing(last.seq + 1)
    for (const event of stretch) {
      const fault = faultAfter(last, event)
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

/** What is wrong with an event as the one behind another; null: nothing. */
function faultAfter(last: Link, event: AuditEvent): 'missing' | 'altered' | null {
  if (event.seq !== last.seq + 1) return 'missing'
  return same(event.hash, chainHash(last.hash, event)) ? null : 'altered'
}

/** The place with this number, as it is stored. */
async function linkAt(db: Db, seq: number): Promise<Link | null> {
  if (seq === 0) return GENESIS
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
