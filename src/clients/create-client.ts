import type { Secret } from '@doorward/sdk/kernel'
import { newId } from '../base/id.ts'
import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { type Problem, problem } from '../http/problem.ts'
import { type Caller, covers, coversEnvironment, environmentsOf, ownerOf } from '../management/caller.ts'
import { notWithin } from '../management/why-not-permitted.ts'
import { nearestEnd } from '../owners/expiry.ts'
import { touchOwner } from '../owners/owner.store.ts'
import { sharePolicies } from '../owners/policy.store.ts'
import type { ConfiguredPolicy } from '../owners/policy.ts'
import { policyFor } from '../owners/policy-for.ts'
import { issueSecret } from '../secrets/issue-secret.ts'
import { type ClientDescription, whyInvalidClient } from './check-client.ts'
import { countUnrevokedClients, insertClient } from './client.store.ts'
import { MAX_CLIENTS_PER_OWNER, usesSecret } from './client.ts'
import type { PrivateSchemes } from './redirect-uri.ts'

/** Settings of clients, from configuration. */
export interface ClientSettings {
  readonly brand: string | null
  readonly policy: ConfiguredPolicy
  /** Private-use schemes without a dot that redirect URIs may have. Default: none. */
  readonly privateSchemes?: PrivateSchemes | undefined
}

export interface NewClient extends ClientDescription {
  /** Null: the API provider's own; undefined: as the admin key has it. */
  readonly ownerId: string | null | undefined
  /** Undefined: the first of those that are configured. */
  readonly environment: string | undefined
  /** Undefined: a draft where an owner registers it, live where the API provider does. */
  readonly draft: boolean | undefined
}

/** Registers a client, and mints its first secret where it has one. */
export async function createClient(
  tx: Tx,
  caller: Caller,
  { brand, policy, privateSchemes }: ClientSettings,
  asked: NewClient,
): Promise<Result<{ id: string; secret: Secret | null }, Problem>> {
  const { ownerId: askedOwnerId, draft, ...described } = asked
  const environment = asked.environment ?? environmentsOf(caller.reach)?.[0] ?? policy.environments[0] ?? ''
  const bound = ownerOf(caller.reach)
  const ownerId = askedOwnerId === undefined ? bound : askedOwnerId
  if (bound !== null && (ownerId === null || !covers(caller.reach, ownerId)))
    return no(
      problem('owner_not_covered', 'Your admin key is bound to one owner. Set `owner_id` to that owner.'),
    )
  if (!policy.environments.includes(environment))
    return no(problem('unknown_environment', `Configured are: ${policy.environments.join(', ')}.`))
  if (!coversEnvironment(caller.reach, environment)) return no(notWithin(caller, environment))
  // Policies, the owner, then the catalogue, as wherever they are held.
  await sharePolicies(tx)
  const fault =
    (await whyNoPlace(tx, caller, ownerId)) ??
    (await whyInvalidClient(tx, caller, described, null, privateSchemes))
  if (fault !== null) return no(fault)

  const id = newId('cli')
  await insertClient(tx, {
    ...described,
    id,
    ownerId,
    environment,
    source: 'registered',
    createdBy: caller.actor.id,
    createdAt: caller.now,
    publishedAt: (draft ?? bound !== null) ? null : caller.now,
  })
  const issued = usesSecret(described.tokenEndpointAuthMethod)
    ? await issueClientSecret(tx, caller, { brand, policy }, { id, ownerId, environment })
    : null
  const detail = {
    hint: issued?.hint ?? null,
    name: described.name,
    type: described.type,
    environment,
    redirect_uris: described.redirectUris,
    required_scopes: described.requiredScopes,
    optional_scopes: described.optionalScopes,
    client_credentials_scopes: described.clientCredentialsScopes,
    first_party: described.firstParty,
  }
  const altersVerdictsOf = { holderId: id }
  await record(tx, caller, { action: 'client.created', target: { id, ownerId }, detail, altersVerdictsOf })
  return yes({ id, secret: issued?.secret ?? null })
}

/**
 * Mints a secret with the longest lifetime that the policy allows: a client cannot be replaced without losing its
 * grants.
 */
export async function issueClientSecret(
  tx: Tx,
  caller: Caller,
  { brand, policy }: ClientSettings,
  { id, ownerId, environment }: { id: string; ownerId: string | null; environment: string },
): Promise<{ hint: string; secret: Secret }> {
  const expiresAt = nearestEnd(null, await policyFor(tx, policy, environment, ownerId), caller.now)
  const order = { kind: 'client_secret', holderId: id, environment, brand, expiresAt } as const
  return await issueSecret(tx, order, caller.now)
}

async function whyNoPlace(tx: Tx, caller: Caller, ownerId: string | null): Promise<Problem | null> {
  if (ownerId === null) return null
  const owner = await touchOwner(tx, ownerId, caller.now)
  if (owner.suspendedAt !== null) return problem('owner_suspended', 'Resume the owner first.')
  return (await countUnrevokedClients(tx, ownerId)) >= MAX_CLIENTS_PER_OWNER
    ? problem(
        'too_many_clients',
        `The owner has ${MAX_CLIENTS_PER_OWNER} clients. Revoke those that are not used.`,
      )
    : null
}
