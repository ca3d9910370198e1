import { createHash } from 'node:crypto'
import type { Db } from '../db/schema.ts'
import { chainHead, eventsAfter } from './audit-event.store.ts'
import { chainHash } from './audit-event.ts'

export type ChainCheck =
  | { readonly intact: true; readonly events: number; readonly headHash: string }
  | {
      readonly intact: false
      readonly events: number
      readonly firstBroken: { seq: number; id: string | null; fault: string }
    }

/** What the first event is chained to; the migration writes the same into the head. */
const GENESIS = createHash('sha256').update('doorward').digest()
const STRETCH = 1_000

/**
 * Walks the whole chain, a thousand events at a time, and names the first broken row.
 *
 * It shows any change made behind Doorward's back by somebody who did not also recompute every later hash and the
 * head. Against one who can, keep `headHash` elsewhere from time to time: a chain that no longer passes through it
 * was rewritten.
 */
export async function verifyChain(
  db: Db,
  onProgress: (events: number) => void = () => {},
): Promise<ChainCheck> {
  // The head first: events that come in while we walk are then simply beyond it.
  const head = await chainHead(db)
  let last: { seq: number; hash: Uint8Array } = { seq: 0, hash: GENESIS }
  while (last.seq < head.seq) {
    const stretch = await eventsAfter(db, last.seq, Math.min(STRETCH, head.seq - last.seq))
    for (const event of stretch) {
      const broken = { events: last.seq, intact: false } as const
      if (event.seq !== last.seq + 1) return missing(last.seq, last.seq + 1)
      if (!same(event.hash, chainHash(last.hash, event)))
        return { ...broken, firstBroken: { seq: event.seq, id: event.id, fault: 'the row was altered' } }
      last = event
    }
    if (stretch.length === 0) return missing(last.seq, last.seq + 1)
    onProgress(last.seq)
  }
  if (!same(last.hash, head.hash))
    return {
      intact: false,
      events: last.seq,
      firstBroken: { seq: last.seq, id: null, fault: 'the head does not match the last row' },
    }
  return { intact: true, events: last.seq, headHash: Buffer.from(head.hash).toString('hex') }
}

function missing(events: number, seq: number): ChainCheck {
  return { intact: false, events, firstBroken: { seq, id: null, fault: 'the row is missing' } }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
