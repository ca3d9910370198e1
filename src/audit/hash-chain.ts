import { createHash } from 'node:crypto'
import { type AuditEvent, canonicalJson, type Link } from './audit-event.ts'

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

/** Verifies one event as the one behind a place in the chain. @returns what is wrong; null: nothing */
export function follows(last: Link, event: AuditEvent): 'missing' | 'altered' | null {
  if (event.seq !== last.seq + 1) return 'missing'
  return Buffer.compare(event.hash, chainHash(last.hash, event)) === 0 ? null : 'altered'
}
