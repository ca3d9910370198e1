import type { QuotaWire, RateLimitWire } from '@doorward/sdk/kernel'
import type { ColumnType, Generated, Kysely, Transaction } from 'kysely'
import type { BrandingTable } from './branding-table.ts'
import type { AppliedChangesTable, ChangesHeadTable, ChangesTable, VerifiersTable } from './change-tables.ts'
import type { Fixed, Json } from './columns.ts'
import type {
  ExercisedPermissionsTable,
  FindingMailsTable,
  FindingSettingsTable,
  FindingsTable,
  FindingWalkTable,
  SeenNetworksTable,
} from './finding-tables.ts'
import type { MailDeliveriesTable, MailsTable, NoticesTable } from './notice-tables.ts'
import type {
  AccessTokensTable,
  AuthorizationCodesTable,
  AuthorizationRequestsTable,
  BlockedClientsTable,
  ClientDocumentsTable,
  ClientRefusalsTable,
  GrantsTable,
  RefreshTokensTable,
  TokenFamiliesTable,
} from './oauth-tables.ts'
import type { OwnRulesColumns, PoliciesTable } from './policies-table.ts'
import type { IdempotentRequestsTable, JobsTable, RefusedAttemptsTable } from './server-tables.ts'
import type { SingleSignOnTable, SsoFlowsTable, StaffIdentitiesTable } from './single-sign-on-tables.ts'
import type {
  StaffLinksTable,
  StaffPasskeysTable,
  StaffRecoveryCodesTable,
  StaffSessionsTable,
  StaffSignInsTable,
  StaffSpentChallengesTable,
  StaffTable,
  StaffTotpTable,
} from './staff-tables.ts'
import type {
  ExercisedScopesTable,
  LastAddressesTable,
  LastRefusalsTable,
  QuotaSpendsTable,
  QuotaSpentTable,
  UsageBatchesTable,
  UsageTable,
} from './usage-tables.ts'
import type {
  DisabledUsersTable,
  LoginChallengesTable,
  MembersTable,
  PasswordLinksTable,
  SessionsTable,
  UserCredentialsTable,
  UsersTable,
} from './user-tables.ts'

/** Tables for Kysely. `docs/data.md` describes each one; the migrations define them. */
export interface Schema {
  apis: ApisTable
  scopes: ScopesTable
  owners: OwnersTable
  policies: PoliciesTable
  keys: KeysTable
  secrets: SecretsTable
  admin_keys: AdminKeysTable
  clients: ClientsTable
  redirect_uris: RedirectUrisTable
  client_assertions: ClientAssertionsTable
  idempotent_requests: IdempotentRequestsTable
  refused_attempts: RefusedAttemptsTable
  audit_events: AuditEventsTable
  audit_head: AuditHeadTable
  audit_archived: AuditHeadTable
  changes: ChangesTable
  changes_head: ChangesHeadTable
  verifiers: VerifiersTable
  applied_changes: AppliedChangesTable
  usage_minutes: UsageTable
  usage_hours: UsageTable
  usage_days: UsageTable
  last_refusals: LastRefusalsTable
  last_addresses: LastAddressesTable
  exercised_scopes: ExercisedScopesTable
  usage_batches: UsageBatchesTable
  quota_spent: QuotaSpentTable
  quota_spends: QuotaSpendsTable
  users: UsersTable
  disabled_users: DisabledUsersTable
  user_credentials: UserCredentialsTable
  password_links: PasswordLinksTable
  members: MembersTable
  login_challenges: LoginChallengesTable
  sessions: SessionsTable
  grants: GrantsTable
  authorization_requests: AuthorizationRequestsTable
  authorization_codes: AuthorizationCodesTable
  token_families: TokenFamiliesTable
  refresh_tokens: RefreshTokensTable
  access_tokens: AccessTokensTable
  client_documents: ClientDocumentsTable
  client_refusals: ClientRefusalsTable
  blocked_clients: BlockedClientsTable
  staff: StaffTable
  staff_links: StaffLinksTable
  staff_sessions: StaffSessionsTable
  staff_sign_ins: StaffSignInsTable
  staff_totp: StaffTotpTable
  staff_recovery_codes: StaffRecoveryCodesTable
  staff_passkeys: StaffPasskeysTable
  staff_spent_challenges: StaffSpentChallengesTable
  single_sign_on: SingleSignOnTable
  staff_identities: StaffIdentitiesTable
  sso_flows: SsoFlowsTable
  jobs: JobsTable
  branding: BrandingTable
  notices: NoticesTable
  mails: MailsTable
  mail_deliveries: MailDeliveriesTable
  findings: FindingsTable
  finding_settings: FindingSettingsTable
  finding_walk: FindingWalkTable
  finding_mails: FindingMailsTable
  seen_networks: SeenNetworksTable
  exercised_permissions: ExercisedPermissionsTable
}

export type Db = Kysely<Schema>
/** A transaction. Inside it use nothing else: on PGlite a call to the outer `db` would wait forever. */
export type Tx = Transaction<Schema>

interface ApisTable {
  id: Fixed<string>
  identifier: string
  name: string
  is_default: Fixed<boolean>
  created_at: Fixed<Date>
}

interface ScopesTable {
  name: Fixed<string>
  api_id: string
  description: string
  sensitivity: 'basic' | 'sensitive' | 'restricted'
  implies: string[]
  deprecated_at: Date | null
  created_at: Fixed<Date>
}

interface OwnersTable extends OwnRulesColumns {
  id: Fixed<string>
  name: string | null
  notice_contacts: Generated<string[]>
  suspended_at: Date | null
  suspended_reason: string | null
  created_at: Fixed<Date>
  rate_limits: ColumnType<readonly RateLimitWire[], string | undefined, string>
  quota: ColumnType<QuotaWire | null, string | null | undefined, string | null>
}

interface KeysTable {
  id: Fixed<string>
  owner_id: Fixed<string>
  name: string
  environment: Fixed<string>
  scopes: string[]
  ip_allowlist: string[] | null
  metadata: Json<Record<string, unknown>>
  created_by: Fixed<string>
  created_at: Fixed<Date>
  disabled_at: Date | null
  /** Name of the rule that disabled it; null: a person did. */
  disabled_by: string | null
  /** Dates at which rules disable it. */
  disable_unrotated_at: Date | null
  disable_unlisted_at: Date | null
  disable_unused_at: Date | null
  revoked_at: Date | null
  revoked_reason: string | null
  rate_limits: ColumnType<readonly RateLimitWire[], string | undefined, string>
  quota: ColumnType<QuotaWire | null, string | null | undefined, string | null>
  /** Maintained by a trigger. */
  ends_at: ColumnType<Date | null, never, never>
  lapsed: Generated<boolean>
  seen_day: Generated<number>
  self_rotation: Generated<boolean>
  auto_rotate_after_days: number | null
  note: string | null
  /** Scopes before the last change of them. */
  former_scopes: string[] | null
  scopes_changed_at: Date | null
  /** See the migration: 0 for no known use. */
  used_day: Generated<number>
}

interface SecretsTable {
  hash: Fixed<Uint8Array>
  id: Fixed<string>
  holder_id: Fixed<string>
  hint: Fixed<string>
  created_at: Fixed<Date>
  expires_at: Date | null
  retires_at: Date | null
  retired_at: Date | null
  finish_when_silent_seconds: number | null
  revoked_at: Date | null
  last_used_at: Date | null
  last_used_ip: string | null
  last_used_user_agent: string | null
  exposed_at: Date | null
  /** The key gave it to itself. */
  is_self_issued: Generated<boolean>
}

interface AdminKeysTable {
  id: Fixed<string>
  name: string
  permissions: string[]
  owner_id: Fixed<string | null>
  environments: Fixed<string[] | null>
  hides_metadata: ColumnType<boolean, boolean | undefined, never>
  created_by: Fixed<string>
  created_at: Fixed<Date>
  revoked_at: Date | null
  revoked_reason: string | null
}

interface ClientsTable {
  id: Fixed<string>
  owner_id: Fixed<string | null>
  type: 'confidential' | 'public'
  environment: Fixed<string>
  source: Fixed<'registered' | 'metadata_document' | 'dynamic'>
  name: string
  description: string | null
  client_uri: string | null
  logo_uri: string | null
  policy_uri: string | null
  tos_uri: string | null
  grant_types: ('authorization_code' | 'refresh_token' | 'client_credentials')[]
  token_endpoint_auth_method: 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none'
  either_secret_method: ColumnType<boolean, boolean | undefined, boolean>
  jwks: ColumnType<{ keys: { kty: string }[] } | null, string | null, string | null>
  jwks_uri: string | null
  required_scopes: string[]
  optional_scopes: string[]
  client_credentials_scopes: string[]
  first_party: boolean
  testers: string[]
  refresh_grace_seconds: number
  created_by: Fixed<string>
  created_at: Fixed<Date>
  published_at: Date | null
  suspended_at: Date | null
  suspended_reason: string | null
  suspended_by_provider: boolean
  ceiling_set_by_operator: ColumnType<boolean, boolean | undefined, boolean>
  revoked_at: Date | null
  revoked_reason: string | null
}

interface RedirectUrisTable {
  client_id: Fixed<string>
  place: Fixed<number>
  uri: Fixed<string>
}

interface ClientAssertionsTable {
  client_id: Fixed<string>
  jti_hash: Fixed<Uint8Array>
  forget_at: Fixed<Date>
}

interface AuditEventsTable {
  seq: Fixed<number>
  id: Fixed<string>
  at: Fixed<Date>
  action: Fixed<string>
  result: Fixed<'done' | 'refused'>
  actor_kind: Fixed<string>
  actor_id: Fixed<string | null>
  owner_id: Fixed<string | null>
  target_id: Fixed<string | null>
  ip: Fixed<string | null>
  request_id: Fixed<string | null>
  detail: ColumnType<Record<string, unknown>, string, never>
  hash: Fixed<Uint8Array>
}

interface AuditHeadTable {
  one: Fixed<boolean>
  seq: number
  hash: Uint8Array
}
