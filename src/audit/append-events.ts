import { newId } from '../base/id.ts'
import type { Tx } from '../db/schema.ts'
import { chainHead, insertEvents, moveHead } from './audit-event.store.ts'
import { type AuditEvent, canonicalJson, type NewEvent, type Origin } from './audit-event.ts'
import { chainHash } from './hash-chain.ts'

/**
 * Appends events to the hash chain, in the transaction of the change. The head's row is the lock of the chain: called
 * last in the transaction, it is held for few statements. Use cases call `record`, which notifies verifiers too.
 */
export async function appendEvents(tx: Tx, origin: Origin, added: readonly NewEvent[]): Promise<void> {
  if (added.length === 0) return
  const { actor, ip, requestId, now, finding } = origin
  let head = await chainHead(tx, 'lock')
  const events = added.map(({ action, target, detail = {} }) => {
    const event = {
      ...{ seq: head.seq + 1, id: newId('evt'), at: now, actor, ip, requestId },
      ...{ action, result: resultOf(action), ownerId: target.ownerId, targetId: target.id },
      // The detail is hashed as it will be read back, without what JSON cannot hold.
      detail: JSON.parse(canonicalJson(finding === undefined ? detail : { ...detail, finding })),
    }
    head = { seq: event.seq, hash: chainHash(head.hash, event) }
    return { ...event, hash: head.hash }
  })
  await insertEvents(tx, events)
  await moveHead(tx, head)
}

function resultOf(action: NewEvent['action']): AuditEvent['result'] {
  return action === 'attempt.refused' ? 'refused' : 'done'
}
