import type { Db } from '../db/schema.ts'
import { type Problem, problem } from '../http/problem.ts'
import { unlistedUntil, unrotatedUntil } from '../owners/disabling.ts'
import type { ConfiguredPolicy } from '../owners/policy.ts'
import { policyFor } from '../owners/policy-for.ts'
import { currentSecret } from '../secrets/secret.ts'
import type { Key } from './key.ts'

/** The date at which a key is disabled whose current secret was made then. Call it once the policies are shared. */
export async function unrotatedSince(
  db: Db,
  configured: ConfiguredPolicy,
  { environment, ownerId }: Key,
  secretMadeAt: Date,
): Promise<Date | null> {
  const policy = await policyFor(db, configured, environment, ownerId)
  return unrotatedUntil(policy, secretMadeAt, policy.floors.unrotatedNotBefore)
}

/** The dates of a key by the policy as it is now: of a disabled key no walk has moved those that have passed. */
export async function freshDates(db: Db, configured: ConfiguredPolicy, key: Key) {
  const policy = await policyFor(db, configured, key.environment, key.ownerId)
  return {
    disable_unrotated_at: unrotatedUntil(
      policy,
      currentSecret(key.secrets).createdAt,
      policy.floors.unrotatedNotBefore,
    ),
    disable_unlisted_at: unlistedUntil(
      policy,
      key.ipAllowlist,
      key.disableUnlistedAt ?? policy.floors.unlistedNotBefore,
    ),
    disable_unused_at: null,
  }
}

/** Refuses to enable a key that a rule would have disabled by now. */
export function whyNotByDates(
  {
    disable_unrotated_at: unrotated,
    disable_unlisted_at: unlisted,
  }: Pick<Awaited<ReturnType<typeof freshDates>>, 'disable_unrotated_at' | 'disable_unlisted_at'>,
  now: Date,
): Problem | null {
  if (unrotated !== null && unrotated <= now) return rotationRequired(unrotated)
  if (unlisted !== null && unlisted <= now)
    return problem(
      'ip_allowlist_required',
      'The policy (`ip_allowlist_required`) asks for an `ip_allowlist`: give the key one first.',
    )
  return null
}

/** Refuses what would leave a key with a secret that had to be rotated by then. */
export function rotationRequired(until: Date): Problem {
  return problem(
    'rotation_required',
    `The policy (\`rotate_every_days\`) asked for a rotation by ${until.toISOString()}.`,
  )
}
