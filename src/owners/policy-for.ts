import type { Db } from '../db/schema.ts'
import type { DisablingFloors } from './disabling.ts'
import { findOwner } from './owner.store.ts'
import type { Owner } from './owner.ts'
import { findPolicy, type StoredPolicy } from './policy.store.ts'
import { type ConfiguredPolicy, type Policy, policyOf } from './policy.ts'

/** A policy with the moments before which it disables no key that existed when a rule was set. */
export interface PolicyWithFloors extends Policy {
  readonly floors: DisablingFloors
}

/** The policy of an environment, for an owner; null: for the API provider itself. Call it once the policies are shared. */
export async function policyFor(
  db: Db,
  configured: ConfiguredPolicy,
  environment: string,
  ownerId: string | null,
): Promise<PolicyWithFloors> {
  const stored = await findPolicy(db, environment)
  const owner = ownerId === null ? undefined : await findOwner(db, 'every_owner', ownerId)
  return policyWithFloors(configured, environment, stored, owner)
}

/** The floor of an owner's own rule is the owner's; after a return to the environment's rule, the later of the two. */
export function policyWithFloors(
  configured: ConfiguredPolicy,
  environment: string,
  stored: StoredPolicy | undefined,
  owner: Pick<Owner, 'policy' | 'floors'> | undefined,
): PolicyWithFloors {
  const policy = policyOf(configured, environment, stored?.rules, owner?.policy)
  const floorOf = (rule: 'rotateEveryDays' | 'ipAllowlistRequired', floor: keyof DisablingFloors) => {
    const own = owner?.floors[floor] ?? null
    return policy.from[rule] === 'owner' ? own : later(own, stored?.disabling[floor] ?? null)
  }
  return {
    ...policy,
    floors: {
      unrotatedNotBefore: floorOf('rotateEveryDays', 'unrotatedNotBefore'),
      unlistedNotBefore: floorOf('ipAllowlistRequired', 'unlistedNotBefore'),
    },
  }
}

function later(one: Date | null, other: Date | null): Date | null {
  if (one === null || other === null) return one ?? other
  return one > other ? one : other
}
