import type { ColumnType, Generated } from 'kysely'
import type { Fixed, Json } from './columns.ts'

export interface FindingsTable {
  id: Fixed<string>
  kind: Fixed<string>
  holder_kind: Fixed<string>
  holder_id: Fixed<string>
  subject: Fixed<string>
  owner_id: Fixed<string | null>
  environment: Fixed<string | null>
  first_seen_at: Fixed<Date>
  evidence: Json<unknown>
  accepted_at: ColumnType<Date | null, undefined, Date | null>
  accepted_until: ColumnType<Date | null, undefined, Date | null>
  accepted_by: ColumnType<string | null, undefined, string | null>
  accepted_reason: ColumnType<string | null, undefined, string | null>
}

export interface FindingSettingsTable {
  only_row: Generated<boolean>
  unused_after_days: number
  rotate_after_days: number
  weekly_mail: boolean
  permissions_since: Fixed<Date>
}

export interface FindingWalkTable {
  only_row: Generated<boolean>
  holder_kind: string | null
  after: string
  begun_at: Date
}

export interface FindingMailsTable {
  /** Empty: the API provider itself. */
  owner_id: Fixed<string>
  mailed_at: Date
}

export interface SeenNetworksTable {
  key_id: Fixed<string>
  network: Fixed<string>
  owner_id: Fixed<string>
  environment: Fixed<string>
  first_at: Fixed<Date>
  last_at: Date
}

export interface ExercisedPermissionsTable {
  admin_key_id: Fixed<string>
  permission: Fixed<string>
  last_day: Date
}
