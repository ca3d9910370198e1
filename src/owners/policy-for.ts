import type { Db } from '../db/schema.ts'
import { findOwner } from './owner.store.ts'
import { findPolicy } from './policy.store.ts'
import { type ConfiguredPolicy, type Policy, policyOf } from './policy.ts'

/** The policy of an environment, for an owner; null: for the API provider itself. Call it once the policies are shared. */
export async function policyFor(
  db: Db,
  configured: ConfiguredPolicy,
  environment: string,
  ownerId: string | null,
): Promise<Policy> {
  const stored = await findPolicy(db, environment)
  const owner = ownerId === null ? undefined : await findOwner(db, 'every_owner', ownerId)
  return policyOf(configured, environment, stored?.rules, owner?.policy)
}
