import type { Secret } from '@doorward/sdk/kernel'
import { newId } from '../../base/id.ts'
import { no, type Result, yes } from '../../base/result.ts'
import type { Db } from '../../db/schema.ts'
import { nearestEnd } from '../../owners/expiry.ts'
import { sharePolicies } from '../../owners/policy.store.ts'
import { policyFor } from '../../owners/policy-for.ts'
import { basicScopes } from '../../scopes/scope.store.ts'
import { issueSecret } from '../../secrets/issue-secret.ts'
import type { ClientDescription } from '../check-client.ts'
import { insertClient } from '../client.store.ts'
import { usesSecret } from '../client.ts'
import type { ClientSettings } from '../create-client.ts'
import { type MetadataFault, readClientMetadata } from './read-client-metadata.ts'
import { hasRoom } from './unregistered-client.store.ts'

/** Unrevoked self-registered clients, in total. */
const MAX_SELF_REGISTERED = 10_000

export interface SelfRegistered extends ClientDescription {
  readonly id: string
  readonly secret: Secret | null
  /** Null: it never expires, or there is no secret. */
  readonly secretExpiresAt: Date | null
}

/**
 * Dynamic client registration (RFC 7591) of any app. It can be granted only basic scopes, and prior consent never
 * answers for it. Its audit event waits for the first grant: `recordFirstGrant`.
 */
export async function registerClient(
  db: Db,
  now: Date,
  { environment, brand, policy, privateSchemes }: ClientSettings & { readonly environment: string },
  metadata: unknown,
): Promise<Result<SelfRegistered, MetadataFault | 'full'>> {
  const read = readClientMetadata(metadata, [], 'client_secret_basic', privateSchemes)
  if (!read.ok) return read
  const described = { ...read.value, optionalScopes: await basicScopes(db) }
  if (!(await hasRoom(db, 'dynamic', MAX_SELF_REGISTERED))) return no('full')
  const id = newId('cli')
  const { secret, expiresAt } = await db.transaction().execute(async (tx) => {
    await sharePolicies(tx)
    const life = { createdBy: 'itself', createdAt: now, publishedAt: now }
    await insertClient(tx, { ...described, ...life, id, ownerId: null, environment, source: 'dynamic' })
    const hasSecret = usesSecret(described.tokenEndpointAuthMethod)
    const expiresAt = hasSecret ? nearestEnd(null, await policyFor(tx, policy, environment, null), now) : null
    const order = { kind: 'client_secret', holderId: id, environment, brand, expiresAt } as const
    const issued = hasSecret ? await issueSecret(tx, order, now) : null
    return { secret: issued?.secret ?? null, expiresAt }
  })
  return yes({ ...described, id, secret, secretExpiresAt: expiresAt })
}
