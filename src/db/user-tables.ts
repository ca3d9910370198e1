import type { ColumnType } from 'kysely'
import type { Fixed } from './columns.ts'

export interface UsersTable {
  id: Fixed<string>
  email: Fixed<string>
  name: string
  email_verified: boolean
  image: string | null
  created_at: Fixed<Date>
  updated_at: Date
}

export interface DisabledUsersTable {
  user_id: Fixed<string>
  disabled_at: Fixed<Date>
  disabled_by: Fixed<string>
  reason: Fixed<string>
}

/** The columns of better-auth that are used. */
export interface UserCredentialsTable {
  id: Fixed<string>
  account_id: Fixed<string>
  provider_id: Fixed<string>
  user_id: Fixed<string>
  password: string | null
  created_at: Fixed<Date>
  updated_at: Date
}

export interface PasswordLinksTable {
  hash: Fixed<Uint8Array>
  user_id: Fixed<string>
  created_at: Fixed<Date>
  expires_at: Fixed<Date>
  spent_at: Date | null
}

export interface MembersTable {
  owner_id: Fixed<string>
  user_id: Fixed<string>
  created_by: Fixed<string>
  created_at: Fixed<Date>
}

/** A user that the external login vouched for. */
export interface PersonJson {
  readonly user_id: string
  readonly display_name: string
  readonly owners: readonly { readonly id: string; readonly name: string }[]
  readonly authenticated_at: string
}

export interface LoginChallengesTable {
  hash: Fixed<Uint8Array>
  browser_hash: Fixed<Uint8Array>
  return_to: Fixed<string>
  refused_to: Fixed<string | null>
  client_name: Fixed<string | null>
  login_hint: Fixed<string | null>
  wants_fresh: Fixed<boolean>
  created_at: Fixed<Date>
  expires_at: Fixed<Date>
  verifier_hash: Uint8Array | null
  accepted_at: Date | null
  person: ColumnType<PersonJson | null, string | null, string | null>
  rejected_at: Date | null
  rejected_reason: string | null
  spent_at: Date | null
}

export interface SessionsTable {
  hash: Fixed<Uint8Array>
  id: Fixed<string>
  user_id: Fixed<string>
  person: ColumnType<PersonJson | null, string | null, string | null>
  authenticated_at: Fixed<Date>
  created_at: Fixed<Date>
  seen_at: Date
  expires_at: Fixed<Date>
  ended_at: Date | null
  ip: Fixed<string | null>
  user_agent: Fixed<string | null>
}
