import type { Actor, Origin } from '../audit/audit-event.ts'
import type { AnyPermission } from './permission.ts'

/** The owners whose data a caller can see and change. Every query that takes an id takes this too. */
export type Reach = { readonly ownerId: string } | 'every_owner'

/** An authenticated client of the management API, of whatever kind; also its origin in the audit log. */
export interface Caller extends Origin {
  readonly actor: Actor & { readonly id: string }
  readonly permissions: ReadonlySet<AnyPermission>
  readonly reach: Reach
  readonly requestId: string
  /** The latest expiry of a credential that this caller creates; null: no bound. */
  readonly latestExpiry: Date | null
}

export function covers(reach: Reach, ownerId: string): boolean {
  return reach === 'every_owner' || reach.ownerId === ownerId
}
