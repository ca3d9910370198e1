import type { Origin } from '../../audit/audit-event.ts'
import { record } from '../../changes/record.ts'
import type { Db, Tx } from '../../db/schema.ts'
import { type Family, lockFamily, revokeFamilyRow } from './token-family.store.ts'

/** Reasons to revoke all tokens of one code. */
export type FamilyRevocation = 'code_used_twice' | 'refresh_token_reused' | 'revoked_by_client'

/** Revokes all tokens that one code yielded: they were leaked, or the client gave them back. */
export async function revokeFamily(
  db: Db,
  origin: Origin,
  familyId: string,
  why: FamilyRevocation,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const family = await lockFamily(tx, familyId)
    if (family !== undefined) await revokeLockedFamily(tx, origin, family, why)
  })
}

export async function revokeLockedFamily(
  tx: Tx,
  origin: Origin,
  family: Family,
  why: FamilyRevocation,
): Promise<void> {
  const { now } = origin
  await revokeFamilyRow(tx, family.id, why, now)
  const ended = { reason: 'revoked', at: now } as const
  const { id, grantId, clientId, userId, ownerId } = family
  const detail = { reason: why, family_id: id, client_id: clientId, user_id: userId }
  const altersVerdictsOf = { familyId: id, ended }
  await record(tx, origin, {
    action: 'tokens.revoked',
    target: { id: grantId, ownerId },
    detail,
    altersVerdictsOf,
  })
}
