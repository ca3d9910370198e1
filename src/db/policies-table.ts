import type { Fixed } from './columns.ts'

export interface PoliciesTable {
  environment: Fixed<string>
  max_lifetime_seconds: number | null
  default_lifetime_seconds: number | null
  never_expires_allowed: boolean
  max_overlap_seconds: number | null
  max_keys: number | null
  ip_allowlist_required: boolean
  allowed_scopes: string[] | null
  changed_at: Date
  changed_by: string
  shortening_to_seconds: number | null
  shortening_not_before: Date | null
  shortening_started_at: Date | null
  shortening_finished_at: Date | null
  shortening_after: string
  shortening_shortened: number
  shortening_ended: number
}
