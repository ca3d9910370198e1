import type { Secret } from '@doorward/sdk/kernel'
import { newId } from '../base/id.ts'
import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { type Problem, problem } from '../http/problem.ts'
import { type Caller, covers, coversEnvironment } from '../management/caller.ts'
import { notWithin } from '../management/why-not-permitted.ts'
import type { ChosenLimits } from '../owners/check-limits.ts'
import { expiryOf } from '../owners/expiry.ts'
import { limitsForAudit } from '../owners/limits.wire.ts'
import { touchOwner } from '../owners/owner.store.ts'
import { type AskedLifetime, type Policy, withOwn } from '../owners/policy.ts'
import { issueSecret } from '../secrets/issue-secret.ts'
import { countUnendedKeys, insertKey } from './key.store.ts'
import { whyNotChoose } from './key-settings.ts'

/** Configuration for new keys. */
export interface KeySettings {
  readonly brand: string | null
  readonly policy: Policy
}

export interface NewKey extends AskedLifetime, ChosenLimits {
  readonly ownerId: string
  readonly name: string
  readonly environment: string
  readonly scopes: readonly string[]
  readonly ipAllowlist: readonly string[] | null
  readonly metadata: Readonly<Record<string, unknown>>
  readonly selfRotation: boolean
  readonly note: string | null
}

/** Creates a key and its first secret, which is in the return value only. */
export async function createKey(
  tx: Tx,
  caller: Caller,
  { brand, policy: configured }: KeySettings,
  asked: NewKey,
): Promise<Result<{ id: string; secret: Secret }, Problem>> {
  const { ownerId, name, environment, scopes, ipAllowlist, metadata, selfRotation, note } = asked
  const { rateLimits = [], quota = null } = asked
  if (!covers(caller.reach, ownerId))
    return no(
      problem('owner_not_covered', 'Your admin key is bound to one owner; name that one in `owner_id`.'),
    )
  if (!configured.environments.includes(environment))
    return no(problem('unknown_environment', `Configured are: ${configured.environments.join(', ')}.`))
  if (!coversEnvironment(caller.reach, environment)) return no(notWithin(caller, environment))
  // The owner is locked before the catalogue: a tighter policy waits until this key exists and can be shortened.
  const owner = await touchOwner(tx, ownerId, caller.now)
  const policy = withOwn(configured, owner.policy)
  const expiry = expiryOf(asked, policy, caller.now)
  if (!expiry.ok) return expiry
  const fault = await whyNotChoose(tx, caller, asked)
  if (fault !== null) return no(fault)

  if (owner.suspendedAt !== null) return no(problem('owner_suspended', 'Resume the owner first.'))
  if ((await countUnendedKeys(tx, ownerId, caller.now)) >= policy.maxKeysPerOwner)
    return no(problem('too_many_keys', `The policy allows ${policy.maxKeysPerOwner}. Revoke unused ones.`))

  const id = newId('key')
  const made = { createdBy: caller.actor.id, createdAt: caller.now }
  const limits = { rateLimits, quota }
  const chosen = { ownerId, name, environment, scopes, ipAllowlist, metadata, limits, selfRotation, note }
  await insertKey(tx, { id, ...chosen, ...made })
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
    ...(note === null ? {} : { note }),
  }
  const altersVerdictsOf = { holderId: id }
  await record(tx, caller, { action: 'key.created', target: { id, ownerId }, detail, altersVerdictsOf })
  return yes({ id, secret })
}
