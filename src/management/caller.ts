import type { Secret } from '@doorward/sdk/kernel'
import type { Origin } from '../audit/audit-event.ts'
import type { Permission } from './permission.ts'

/** Whose things can be seen and touched. Every query that takes an id takes this too. */
export type Reach = { readonly ownerId: string } | 'every_owner'

/** Who calls the management API, once the admin key was verified; also where the audit log says it came from. */
export interface Caller extends Origin {
  readonly adminKeyId: string
  readonly permissions: ReadonlySet<Permission>
  readonly reach: Reach
  readonly requestId: string
  /** The end of the secret that was presented; null where it has none. What the caller makes must not outlive it. */
  readonly expiresAt: Date | null
  /** What was presented; only to seal an idempotent answer to the one who may read it again. */
  readonly presented: Secret
}

export function covers(reach: Reach, ownerId: string): boolean {
  return reach === 'every_owner' || reach.ownerId === ownerId
}
