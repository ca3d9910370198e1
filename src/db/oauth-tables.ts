import type { Generated } from 'kysely'
import type { Fixed, Json } from './columns.ts'

/** The consent page as shown when it was last answered. */
export interface ShownJson {
  readonly client_name: string
  readonly redirect_host: string
  readonly owner_name: string
  readonly scopes: readonly {
    readonly name: string
    readonly description: string
    readonly sensitivity: string
    readonly ticked: boolean
    /** Sentences of what it brings along. */
    readonly brings?: readonly string[]
  }[]
}

export interface GrantsTable {
  id: Fixed<string>
  user_id: Fixed<string>
  client_id: Fixed<string>
  owner_id: Fixed<string>
  scopes: string[]
  brought: Generated<string[]>
  shown: Json<ShownJson>
  granted_at: Fixed<Date>
  consented_at: Date
  expires_at: Date | null
  last_used_at: Date | null
  revoked_at: Date | null
  revoked_by: string | null
  revoked_reason: string | null
}

export interface AuthorizationRequestsTable {
  hash: Fixed<Uint8Array>
  browser_hash: Fixed<Uint8Array>
  client_id: Fixed<string>
  redirect_uri: Fixed<string>
  state: Fixed<string | null>
  scopes: Fixed<string[]>
  resources: Fixed<string[]>
  code_challenge: Fixed<string>
  prompt: Fixed<string[]>
  max_age: Fixed<number | null>
  login_hint: Fixed<string | null>
  created_at: Fixed<Date>
  expires_at: Fixed<Date>
  answered_at: Date | null
  answer: Json<AnswerJson> | null
}

/** Answer to an authorization request. */
export interface AnswerJson {
  readonly decision: 'allow' | 'deny' | 'back' | 'refused'
  /** Digest of the form that was sent; null where there was none. */
  readonly form: string | null
  /** Of a yes. */
  readonly yes: {
    readonly user_id: string
    readonly owner_id: string
    readonly owner_name: string
    readonly scopes: readonly string[]
  } | null
}

export interface AuthorizationCodesTable {
  hash: Fixed<Uint8Array>
  grant_id: Fixed<string>
  client_id: Fixed<string>
  redirect_uri: Fixed<string>
  code_challenge: Fixed<string>
  scopes: Fixed<string[]>
  resources: Fixed<string[]>
  created_at: Fixed<Date>
  expires_at: Fixed<Date>
  spent_at: Date | null
  family_id: string | null
}

export interface TokenFamiliesTable {
  id: Fixed<string>
  grant_id: Fixed<string>
  client_id: Fixed<string>
  scopes: Fixed<string[]>
  resources: Fixed<string[]>
  created_at: Fixed<Date>
  expires_at: Fixed<Date>
  revoked_at: Date | null
  revoked_reason: string | null
}

export interface RefreshTokensTable {
  hash: Fixed<Uint8Array>
  family_id: Fixed<string>
  created_at: Fixed<Date>
  expires_at: Fixed<Date>
  spent_at: Date | null
  successor_hash: Uint8Array | null
}

export interface ClientDocumentsTable {
  client_id: Fixed<string>
  fetched_at: Date
  fresh_until: Date
}

export interface BlockedClientsTable {
  owner_id: Fixed<string>
  client_id: Fixed<string>
  reason: string
  blocked_by: string
  blocked_by_provider: boolean
  blocked_at: Date
}

export interface ClientRefusalsTable {
  client_id: Fixed<string>
  endpoint: Fixed<string>
  reason: Fixed<string>
  count: number
  last_at: Date
  last_ip: string | null
}

export interface AccessTokensTable {
  hash: Fixed<Uint8Array>
  family_id: Fixed<string | null>
  client_id: Fixed<string>
  environment: Fixed<string>
  scopes: Fixed<string[]>
  resources: Fixed<string[]>
  created_at: Fixed<Date>
  expires_at: Fixed<Date>
  revoked_at: Date | null
}
