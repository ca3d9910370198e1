import type { Actor, Origin } from '../audit/audit-event.ts'
import type { AnyPermission } from './permission.ts'

/**
 * The owners and environments whose data a caller can see and change; null: no bound. Every query that takes an id takes
 * this too.
 */
export type Reach =
  | { readonly ownerId: string | null; readonly environments: readonly string[] | null }
  | 'every_owner'

/** An authenticated client of the management API, of whatever kind; also its origin in the audit log. */
export interface Caller extends Origin {
  readonly actor: Actor & { readonly id: string }
  readonly permissions: ReadonlySet<AnyPermission>
  readonly reach: Reach
  readonly requestId: string
  /** The latest expiry of a credential that this caller creates; null: no bound. */
  readonly latestExpiry: Date | null
  /** False: `metadata` in answers is null. */
  readonly seesMetadata: boolean
  /** The last proof of a person who is signed in; null: a program, whose credential is proof enough. */
  readonly proof: Proof | null
}

/** The strongest factor that a person has enrolled, and its last proof since the sign-in. */
export interface Proof {
  readonly factor: 'password' | 'totp' | 'passkey' | 'sso'
  readonly provenAt: Date | null
  /** True where a second factor is demanded and the person has enrolled none. */
  readonly lacksSecondFactor: boolean
  /** Paths of the pages where the person proves a factor again, and enrols one. */
  readonly pages: { readonly confirm: string; readonly enrol: string }
}

/** A reach that is bound to an owner, to environments, or to nothing. */
export function reachOf(ownerId: string | null, environments: readonly string[] | null): Reach {
  return ownerId === null && environments === null ? 'every_owner' : { ownerId, environments }
}

export function covers(reach: Reach, ownerId: string): boolean {
  return reach === 'every_owner' || reach.ownerId === null || reach.ownerId === ownerId
}

export function coversEnvironment(reach: Reach, environment: string): boolean {
  return environmentsOf(reach)?.includes(environment) ?? true
}

/** The owner that a reach is bound to; null: none. */
export function ownerOf(reach: Reach): string | null {
  return reach === 'every_owner' ? null : reach.ownerId
}

/** The environments that a reach is bound to; null: every environment. */
export function environmentsOf(reach: Reach): readonly string[] | null {
  return reach === 'every_owner' ? null : reach.environments
}
