import type { Db } from '../db/schema.ts'
import { ownNoticeTiers } from '../owners/owner.store.ts'
import { findPolicies } from '../owners/policy.store.ts'
import { DEFAULT_NOTICE_TIERS } from '../owners/policy.ts'
import type { NoticeHolder } from './holder.store.ts'

/** Days before an end at which people are told, wherever a policy or an owner says so. */
export interface NoticeTiers {
  /** The most days of all. */
  readonly farthest: number
  /** For a holder: its owner's own tiers, else its environment's. Admin keys are of no environment. */
  of(holder: Pick<NoticeHolder, 'environment' | 'ownerId'>): readonly number[]
}

export async function noticeTiers(db: Db): Promise<NoticeTiers> {
  const policies = await findPolicies(db)
  const own = await ownNoticeTiers(db)
  const ofEnvironments = [...policies.values()].map(({ rules }) => rules.noticeTiers ?? [])
  let farthest = Math.max(...DEFAULT_NOTICE_TIERS)
  for (const tiers of [...ofEnvironments, ...own.values()]) farthest = Math.max(farthest, ...tiers)
  return {
    farthest,
    of: ({ environment, ownerId }) =>
      (ownerId === null ? undefined : own.get(ownerId)) ??
      (environment === null ? undefined : policies.get(environment)?.rules.noticeTiers) ??
      DEFAULT_NOTICE_TIERS,
  }
}
