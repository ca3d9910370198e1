import type { ColumnType } from 'kysely'
import type { Fixed } from './columns.ts'

export interface SingleSignOnTable {
  only_row: ColumnType<boolean, undefined, never>
  version: string
  issuer: string
  client_id: string
  sealed_client_secret: Uint8Array | null
  domains: string[]
  default_role: string
  changed_at: Date
  tested_at: Date | null
  tested_by: string | null
  states_auth_time: boolean | null
  required_since: Date | null
}

export interface StaffIdentitiesTable {
  issuer: Fixed<string>
  subject: Fixed<string>
  staff_id: string
  linked_at: Date
}

export interface SsoFlowsTable {
  hash: Fixed<Uint8Array>
  state_hash: Fixed<Uint8Array>
  version: Fixed<string>
  purpose: Fixed<'sign_in' | 'accept' | 'connect' | 'confirm'>
  session_id: Fixed<string | null>
  link_hash: Fixed<Uint8Array | null>
  return_to: Fixed<string>
  created_at: Fixed<Date>
  expires_at: Fixed<Date>
  spent_at: ColumnType<Date | null, undefined, Date>
}
