import type { ColumnType, Generated } from 'kysely'
import type { Fixed, Json } from './columns.ts'

export interface NoticesTable {
  id: Fixed<string>
  subject_id: Fixed<string>
  cause: Fixed<'expires' | 'expired' | 'overlap_ends' | 'rotation_due' | 'idle' | 'no_allow_list'>
  tier: Fixed<number>
  ends_at: Fixed<Date>
  holder_kind: Fixed<'key' | 'client' | 'admin_key'>
  holder_id: Fixed<string>
  owner_id: Fixed<string | null>
  due_at: Fixed<Date>
  created_at: Fixed<Date>
  mailed_at: ColumnType<Date | null, undefined, Date>
  mail_id: ColumnType<string | null, undefined, string>
}

export interface MailsTable {
  id: Fixed<string>
  kind: Fixed<'notices' | 'findings' | 'test'>
  owner_id: Fixed<string | null>
  created_at: Fixed<Date>
  content: Json<unknown>
}

export interface MailDeliveriesTable {
  id: Fixed<string>
  mail_id: Fixed<string>
  owner_id: Fixed<string | null>
  recipient: Fixed<string | null>
  state: 'waiting' | 'sent' | 'refused' | 'given_up' | 'nobody'
  created_at: Fixed<Date>
  attempts: Generated<number>
  next_attempt_at: Date | null
  last_attempt_at: ColumnType<Date | null, undefined, Date>
  answer: ColumnType<string | null, undefined, string | null>
  ended_at: ColumnType<Date | null, Date | undefined, Date>
}
