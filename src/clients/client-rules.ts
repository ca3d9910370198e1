import {
  type NoRotation,
  type RotationInUse,
  type RotationRunning,
  whyNotFinishRotation,
  whyNotStartRotation,
  whyNotUndoRotation,
} from '../secrets/secret.ts'
import { type Client, type ClientWithSecrets, hasSecret, usesSecret } from './client.ts'

/** Why an action on a client is refused, with the evidence. The server's use cases and its screens ask the same functions. */
export type ClientRefusal =
  | ClientRevoked
  | SuspendedByProvider
  | WithoutSecret
  | RotationRunning
  | NoRotation
  | RotationInUse

export interface ClientRevoked {
  readonly code: 'client_revoked'
  readonly at: Date
}

/** The API provider suspended it, so its owner cannot resume it. */
export interface SuspendedByProvider {
  readonly code: 'exceeds_authority'
  readonly at: Date
}

/** A client that authenticates without a secret, or whose first secret was not created yet. */
export interface WithoutSecret {
  readonly code: 'client_without_secret'
}

/** Metadata and scopes. */
export function whyNotChangeClient({ revokedAt: at }: Pick<Client, 'revokedAt'>): ClientRevoked | null {
  return at === null ? null : { code: 'client_revoked', at }
}

/** `already_published`: nothing is left to do, and the server accepts the request. */
export function whyNotPublishClient(
  client: Pick<Client, 'revokedAt' | 'publishedAt'>,
): ClientRevoked | { readonly code: 'already_published'; readonly at: Date } | null {
  const { publishedAt: at } = client
  return whyNotChangeClient(client) ?? (at === null ? null : { code: 'already_published', at })
}

type Suspension = Pick<Client, 'revokedAt' | 'suspendedAt' | 'suspendedByProvider'>

/**
 * `already_suspended`: nothing is left to do, and the server accepts the request. The API provider's suspension replaces
 * the owner's.
 *
 * @param byProvider the caller may act for every owner
 */
export function whyNotSuspendClient(
  client: Suspension,
  byProvider: boolean,
): ClientRevoked | { readonly code: 'already_suspended'; readonly at: Date } | null {
  const { suspendedAt: at, suspendedByProvider } = client
  const isOver = at !== null && (suspendedByProvider || !byProvider)
  return whyNotChangeClient(client) ?? (isOver ? { code: 'already_suspended', at } : null)
}

/** `not_suspended`: nothing is left to do, and the server accepts the request. */
export function whyNotResumeClient(
  client: Suspension,
  byProvider: boolean,
): ClientRevoked | SuspendedByProvider | { readonly code: 'not_suspended' } | null {
  const { suspendedAt: at, suspendedByProvider } = client
  const revoked = whyNotChangeClient(client)
  if (revoked !== null) return revoked
  if (at === null) return { code: 'not_suspended' }
  return suspendedByProvider && !byProvider ? { code: 'exceeds_authority', at } : null
}

/** `client_revoked`: nothing is left to do, and the server accepts the request. */
export function whyNotRevokeClient(client: Pick<Client, 'revokedAt'>): ClientRevoked | null {
  return whyNotChangeClient(client)
}

/**
 * A suspended client can be rotated: after a leak this comes before it is resumed. So can one whose secret has expired,
 * because a new client would have none of the grants; and one without a secret gets its first, if its method uses one.
 */
export function whyNotRotateClient(
  client: ClientWithSecrets,
  now: Date,
): ClientRevoked | WithoutSecret | RotationRunning | null {
  const revoked = whyNotChangeClient(client)
  if (revoked !== null) return revoked
  if (!usesSecret(client.tokenEndpointAuthMethod)) return { code: 'client_without_secret' }
  return hasSecret(client) ? whyNotStartRotation(client.secrets, now) : null
}

export function whyNotFinishClientRotation(
  client: ClientWithSecrets,
  now: Date,
): ClientRevoked | WithoutSecret | NoRotation | null {
  return whyNotEndRotation(client) ?? whyNotFinishRotation(client.secrets, now)
}

export function whyNotUndoClientRotation(
  client: ClientWithSecrets,
  now: Date,
): ClientRevoked | WithoutSecret | NoRotation | RotationInUse | null {
  return whyNotEndRotation(client) ?? whyNotUndoRotation(client.secrets, now)
}

function whyNotEndRotation(client: ClientWithSecrets): ClientRevoked | WithoutSecret | null {
  return whyNotChangeClient(client) ?? (hasSecret(client) ? null : { code: 'client_without_secret' })
}
