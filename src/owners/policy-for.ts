import type { Db } from '../db/schema.ts'
import { findOwner } from './owner.store.ts'
import { type Policy, withOwn } from './policy.ts'

/** The policy of an owner; null, for the API provider's own: the configuration's. */
export async function policyFor(db: Db, policy: Policy, ownerId: string | null): Promise<Policy> {
  const owner = ownerId === null ? undefined : await findOwner(db, 'every_owner', ownerId)
  return owner === undefined ? policy : withOwn(policy, owner.policy)
}
