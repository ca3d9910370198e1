import type { Limits } from '@doorward/sdk/rules'
import type { DisablingFloors } from './disabling.ts'
import type { OwnPolicy } from './policy.ts'

/** The party whose data a key reaches, under the API provider's own id. Created with its first key. */
export interface Owner {
  readonly id: string
  readonly name: string | null
  /** Addresses to which notices about its credentials go. */
  readonly noticeContacts: readonly string[]
  /** While set, none of its credentials works. */
  readonly suspendedAt: Date | null
  readonly suspendedReason: string | null
  readonly createdAt: Date
  /** Limits for all of its keys together. */
  readonly limits: Limits
  /** Replaces the policies of environments, rule by rule. */
  readonly policy: OwnPolicy
  /** Of the last change of its own rules. */
  readonly floors: DisablingFloors
}

export const OWNER_STATES = ['active', 'suspended'] as const
export type OwnerState = (typeof OWNER_STATES)[number]

/** Why suspending an owner would do nothing: the server accepts the request. */
export function whyNotSuspendOwner({
  suspendedAt: at,
}: Pick<Owner, 'suspendedAt'>): { readonly code: 'already_suspended'; readonly at: Date } | null {
  return at === null ? null : { code: 'already_suspended', at }
}

/**
 * Why an owner cannot be resumed. `not_suspended`: nothing is left to do, and the server accepts the request.
 *
 * @param byProvider the caller may act for every owner
 */
export function whyNotResumeOwner(
  { suspendedAt }: Pick<Owner, 'suspendedAt'>,
  byProvider: boolean,
): { readonly code: 'not_suspended' | 'exceeds_authority' } | null {
  if (suspendedAt === null) return { code: 'not_suspended' }
  return byProvider ? null : { code: 'exceeds_authority' }
}
