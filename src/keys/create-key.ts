import type { Secret } from '@doorward/sdk/kernel'
import { newId } from '../base/id.ts'
import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { type Problem, problem } from '../http/problem.ts'
import { type Caller, covers, coversEnvironment, ownerOf } from '../management/caller.ts'
import { notWithin } from '../management/why-not-permitted.ts'
import type { ChosenLimits } from '../owners/check-limits.ts'
import { unrotatedUntil } from '../owners/disabling.ts'
import type { AskedLifetime } from '../owners/expiry.ts'
import { limitsForAudit } from '../owners/limits.wire.ts'
import { touchOwner } from '../owners/owner.store.ts'
import { findPolicy, sharePolicies } from '../owners/policy.store.ts'
import { type ConfiguredPolicy, policyOf } from '../owners/policy.ts'
import { expiryOf, policyProblem } from '../owners/policy-problem.ts'
import { issueSecret } from '../secrets/issue-secret.ts'
import { countUnendedKeys, insertKey } from './key.store.ts'
import { whyNotChoose } from './key-settings.ts'

/** Configuration for new keys. */
export interface KeySettings {
  readonly brand: string | null
  readonly policy: ConfiguredPolicy
}

export interface NewKey extends AskedLifetime, ChosenLimits {
  readonly ownerId: string
  readonly name: string
  readonly environment: string
  readonly scopes: readonly string[]
  readonly ipAllowlist: readonly string[] | null
  readonly metadata: Readonly<Record<string, unknown>>
  readonly selfRotation: boolean
  readonly autoRotateAfterDays: number | null
  readonly note: string | null
}

/** Creates a key and its first secret, which is in the return value only. */
export async function createKey(
  tx: Tx,
  caller: Caller,
  { brand, policy: configured }: KeySettings,
  asked: NewKey,
): Promise<Result<{ id: string; secret: Secret }, Problem>> {
  const { ownerId, name, environment, scopes, ipAllowlist, metadata, note } = asked
  const { selfRotation, autoRotateAfterDays } = asked
  const { rateLimits = [], quota = null } = asked
  if (!covers(caller.reach, ownerId))
    return no(
      problem('owner_not_covered', 'Your admin key is bound to one owner; name that one in `owner_id`.'),
    )
  if (!configured.environments.includes(environment))
    return no(problem('unknown_environment', `Configured are: ${configured.environments.join(', ')}.`))
  if (!coversEnvironment(caller.reach, environment)) return no(notWithin(caller, environment))
  // Policies, the owner, then the catalogue: a tighter policy waits until this key exists and can be shortened.
  await sharePolicies(tx)
  const owner = await touchOwner(tx, ownerId, caller.now)
  const stored = await findPolicy(tx, environment)
  const policy = policyOf(configured, environment, stored?.rules, owner.policy)
  const expiry = expiryOf(asked, policy, caller.now)
  if (!expiry.ok) return expiry
  const fault =
    (await whyNotChoose(tx, caller, asked)) ??
    policyProblem(policy, { ipAllowlist, addedScopes: scopes, isByOwner: ownerOf(caller.reach) !== null })
  if (fault !== null) return no(fault)

  if (owner.suspendedAt !== null) return no(problem('owner_suspended', 'Resume the owner first.'))
  const within = policy.from.maxKeys === 'environment' ? environment : null
  const tooMany = policyProblem(policy, {
    keysBefore: await countUnendedKeys(tx, ownerId, caller.now, within),
  })
  if (tooMany !== null) return no(tooMany)

  const id = newId('key')
  const made = { createdBy: caller.actor.id, createdAt: caller.now }
  const limits = { rateLimits, quota }
  const rotation = { selfRotation, autoRotateAfterDays }
  const chosen = { ownerId, name, environment, scopes, ipAllowlist, metadata, limits, note, ...rotation }
  await insertKey(tx, { id, ...chosen, ...made, disableUnrotatedAt: unrotatedUntil(policy, caller.now) })
  const request = { kind: 'api_key', holderId: id, environment, brand, expiresAt: expiry.value } as const
  const { secret, hint } = await issueSecret(tx, request, caller.now)

  const detail = {
    hint,
    name,
    environment,
    scopes,
    ip_allowlist: ipAllowlist,
    expires_at: expiry.value?.toISOString() ?? null,
    ...limitsForAudit(limits),
    ...(selfRotation ? { self_rotation: true } : {}),
    ...(autoRotateAfterDays === null ? {} : { auto_rotate_after_days: autoRotateAfterDays }),
    ...(note === null ? {} : { note }),
  }
  const altersVerdictsOf = { holderId: id }
  await record(tx, caller, { action: 'key.created', target: { id, ownerId }, detail, altersVerdictsOf })
  return yes({ id, secret })
}
