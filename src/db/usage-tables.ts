import type { Fixed } from './columns.ts'

export interface UsageTable {
  credential_id: Fixed<string>
  bucket: Fixed<Date>
  outcome: Fixed<string>
  scope: Fixed<string>
  count: number
  calls: number
}

export interface LastRefusalsTable {
  credential_id: Fixed<string>
  outcome: Fixed<string>
  at: Date
  ip: string | null
  user_agent: string | null
  key_id: string | null
  owner_id: string | null
}

export interface LastAddressesTable {
  secret_id: Fixed<string>
  ip: Fixed<string>
  at: Date
  outcome: string
  user_agent: string | null
}

export interface ExercisedScopesTable {
  key_id: Fixed<string>
  scope: Fixed<string>
  last_day: Date
}

export interface UsageBatchesTable {
  id: Fixed<string>
  received_at: Fixed<Date>
}

export interface QuotaSpendsTable {
  id: Fixed<string>
  granted: Fixed<(boolean | null)[]>
  spent_at: Fixed<Date>
}

export interface QuotaSpentTable {
  holder_id: Fixed<string>
  period: Fixed<'day' | 'month'>
  period_start: Fixed<Date>
  spent: number
}
