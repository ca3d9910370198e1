import type { ColumnType } from 'kysely'
import type { Fixed } from './columns.ts'

export interface StaffTable {
  id: Fixed<string>
  email: Fixed<string>
  name: string
  role: string
  password_hash: string | null
  created_by: Fixed<string>
  created_at: Fixed<Date>
  disabled_at: ColumnType<Date | null, Date | null | undefined, Date | null>
  disabled_reason: ColumnType<string | null, string | null | undefined, string | null>
  removed_at: ColumnType<Date | null, Date | null | undefined, Date | null>
  removed_reason: ColumnType<string | null, string | null | undefined, string | null>
}

export interface StaffLinksTable {
  hash: Fixed<Uint8Array>
  id: Fixed<string>
  kind: Fixed<'first' | 'invitation' | 'password'>
  staff_id: Fixed<string | null>
  email: Fixed<string | null>
  role: Fixed<string | null>
  created_by: Fixed<string>
  created_at: Fixed<Date>
  expires_at: Fixed<Date>
  spent_at: ColumnType<Date | null, undefined, Date>
}

export interface StaffSessionsTable {
  hash: Uint8Array
  id: Fixed<string>
  staff_id: Fixed<string>
  created_at: Fixed<Date>
  seen_at: Date
  expires_at: Fixed<Date>
  ended_at: ColumnType<Date | null, undefined, Date>
  ip: Fixed<string | null>
  user_agent: Fixed<string | null>
  password_at: Date | null
  totp_at: Date | null
  passkey_at: Date | null
  sso_at: Date | null
}

export interface StaffTotpTable {
  staff_id: Fixed<string>
  id: string
  name: string
  sealed_secret: Uint8Array
  created_at: Date
  used_at: Date
  last_step: number
  failures: ColumnType<number, number | undefined, number>
  retry_at: ColumnType<Date | null, Date | null | undefined, Date | null>
}

export interface StaffRecoveryCodesTable {
  hash: Fixed<Uint8Array>
  staff_id: Fixed<string>
  created_at: Fixed<Date>
  spent_at: ColumnType<Date | null, undefined, Date>
}

export interface StaffPasskeysTable {
  id: Fixed<string>
  staff_id: Fixed<string>
  credential_id: Fixed<Uint8Array>
  public_key: Fixed<Uint8Array>
  /** `bigint`: text on Postgres. */
  counter: ColumnType<number | string, number, number>
  transports: Fixed<string[]>
  is_backed_up: boolean
  name: string
  created_at: Fixed<Date>
  used_at: Date
}

export interface StaffSpentChallengesTable {
  hash: Fixed<Uint8Array>
  expires_at: Fixed<Date>
}

export interface StaffSignInsTable {
  hash: Fixed<Uint8Array>
  staff_id: Fixed<string>
  proven: Fixed<string[]>
  return_to: Fixed<string>
  created_at: Fixed<Date>
  expires_at: Fixed<Date>
  tries: ColumnType<number, undefined, number>
}
