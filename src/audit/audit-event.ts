import { createHash } from 'node:crypto'

/** Who did something, from where, in which request, when. */
export interface Origin {
  readonly actor: Actor
  /** From the trusted-proxy chain; null where there is no request. */
  readonly ip: string | null
  readonly requestId: string | null
  readonly now: Date
}

export interface Actor {
  readonly kind: 'admin_key' | 'user' | 'anonymous' | 'system'
  readonly id: string | null
}

/** What happened: noun and past tense, `key.rotated`. */
export interface Happening {
  readonly action: string
  readonly result: 'done' | 'refused'
  readonly ownerId: string | null
  readonly targetId: string | null
  /** Evidence. Never a secret; hints and ids only. */
  readonly detail: Readonly<Record<string, unknown>>
}

export interface AuditEvent extends Happening {
  /** 1, 2, 3 … without a gap. */
  readonly seq: number
  readonly id: string
  readonly at: Date
  readonly actor: Actor
  readonly ip: string | null
  readonly requestId: string | null
  readonly hash: Uint8Array
}

/**
 * SHA-256 over the hash before and everything in the event: an altered, missing, added or moved row breaks the chain
 * from there on. Keys of the detail are sorted, because the database keeps JSON in an order of its own.
 */
export function chainHash(previous: Uint8Array, event: Omit<AuditEvent, 'hash'>): Uint8Array {
  const { seq, id, at, action, result, actor, ownerId, targetId, ip, requestId, detail } = event
  const content = [
    seq,
    id,
    at.toISOString(),
    action,
    result,
    actor.kind,
    actor.id,
    ownerId,
    targetId,
    ip,
    requestId,
  ]
  return createHash('sha256')
    .update(previous)
    .update(canonicalJson([...content, detail]))
    .digest()
}

/** A place in the chain: the number of an event, and its hash. */
export interface Link {
  readonly seq: number
  readonly hash: Uint8Array
}

/** Verifies one event as the one behind a place in the chain. @returns what is wrong; null: nothing */
export function follows(last: Link, event: AuditEvent): 'missing' | 'altered' | null {
  if (event.seq !== last.seq + 1) return 'missing'
  return Buffer.compare(event.hash, chainHash(last.hash, event)) === 0 ? null : 'altered'
}

/** JSON with the keys of every object sorted. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part) && !(part instanceof Date)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}
