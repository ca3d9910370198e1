import { createHash } from 'node:crypto'
import { type AuditEvent, canonicalJson, type Link } from './audit-event.ts'

/**
 * SHA-256 over the previous hash and the whole event: an altered, missing, added or moved row breaks the chain from there
 * on. Keys of the detail are sorted, because the database stores JSON in an order of its own.
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

/** Verifies that an event comes next after a link of the chain. @returns the fault, or null */
export function follows(last: Link, event: AuditEvent): 'missing' | 'altered' | null {
  if (event.seq !== last.seq + 1) return 'missing'
  return Buffer.compare(event.hash, chainHash(last.hash, event)) === 0 ? null : 'altered'
}
