import type { ColumnType, Generated } from 'kysely'
import type { Fixed } from './columns.ts'

export interface JobsTable {
  name: Fixed<string>
  every_seconds: number
  next_run_at: Date
  runs: Generated<number>
  runner: string | null
  lease_until: Date | null
  started_at: Date | null
  succeeded_at: Date | null
  failed_at: Date | null
  took_ms: number | null
  failures: Generated<number>
  error: string | null
}

export interface IdempotentRequestsTable {
  admin_key_id: Fixed<string>
  idempotency_key_hash: Fixed<Uint8Array>
  fingerprint: Uint8Array
  sealed_answer: Uint8Array | null
  created_at: Date
}

export interface RefusedAttemptsTable {
  id: Fixed<string>
  network: Fixed<string | null>
  ip: string | null
  request_id: Fixed<string | null>
  began_at: Fixed<Date>
  last_at: Date
  attempts: number
  codes: ColumnType<Record<string, number>, string>
  routes: ColumnType<string[], string>
}
