import type { Limits } from '@doorward/sdk/rules'
import type { OwnPolicy } from './policy.ts'

/** The party whose data is reached, under the API provider's own id. Made when its first key is. */
export interface Owner {
  readonly id: string
  readonly name: string | null
  /** Where notices about its keys go. */
  readonly noticeEmail: string | null
  /** While set, none of its credentials works. */
  readonly suspendedAt: Date | null
  readonly suspendedReason: string | null
  readonly createdAt: Date
  /** How much all of its keys may do together. */
  readonly limits: Limits
  /** What replaces the policy of all owners. */
  readonly policy: OwnPolicy
}
