import type { Generated } from 'kysely'
import type { Fixed } from './columns.ts'

/** Columns of `owners`; null: the environment's rule holds. */
export interface OwnRulesColumns {
  max_lifetime_seconds: number | null
  default_lifetime_seconds: number | null
  never_expires_allowed: boolean | null
  max_overlap_seconds: number | null
  max_keys: number | null
  ip_allowlist_required: boolean | null
  allowed_scopes: string[] | null
  owner_allowed_scopes: string[] | null
  rotate_every_days: number | null
  disable_unused_after_days: number | null
  notice_tiers: number[] | null
  unrotated_not_before: Date | null
  unlisted_not_before: Date | null
}

export interface PoliciesTable {
  environment: Fixed<string>
  max_lifetime_seconds: number | null
  default_lifetime_seconds: number | null
  never_expires_allowed: boolean
  max_overlap_seconds: number | null
  max_keys: number | null
  ip_allowlist_required: boolean
  allowed_scopes: string[] | null
  owner_allowed_scopes: string[] | null
  rotate_every_days: number | null
  disable_unused_after_days: number | null
  notice_tiers: number[] | null
  changed_at: Date
  changed_by: string
  shortening_to_seconds: number | null
  shortening_not_before: Date | null
  shortening_started_at: Date | null
  shortening_finished_at: Date | null
  shortening_after: string
  shortening_shortened: number
  shortening_ended: number
  dating_started_at: Date | null
  dating_finished_at: Date | null
  unrotated_not_before: Date | null
  unlisted_not_before: Date | null
  dating_after: Generated<string>
  dating_keys: Generated<number>
}
