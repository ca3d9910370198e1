import type { ColumnType, Generated } from 'kysely'
import type { Fixed } from './columns.ts'

export interface ChangesTable {
  position: Fixed<number>
  at: Fixed<Date>
  action: Fixed<string>
  hashes: Fixed<Uint8Array[] | null>
  ended_reason: Fixed<string | null>
  ended_at: Fixed<Date | null>
  owner_ids: Fixed<string[] | null>
  client_ids: Fixed<string[] | null>
  token: ColumnType<string, string | undefined, never>
}

export interface ChangesHeadTable {
  one: Fixed<boolean>
  position: number
  pruned_to: number
  pruned_token: ColumnType<string, string | undefined, string>
}

export interface VerifiersTable {
  number: Generated<number>
  reported_by: Fixed<string>
  id: Fixed<string>
  run: Fixed<string>
  kind: Fixed<string>
  name: string | null
  version: string | null
  ip: string | null
  started_at: Date
  seen_at: Date
  position: number | null
  applied_at: Date
  bound_ms: number | null
  not_reporting: number
  left_at: Date | null
}

export interface AppliedChangesTable {
  verifier: Fixed<number>
  position: Fixed<number>
  applied_at: Fixed<Date>
}
