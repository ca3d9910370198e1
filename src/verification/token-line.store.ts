import {
  type CredentialRecord,
  endedBy,
  type LimitsWire,
  limitsOfWire,
  NO_LIMITS,
} from '@doorward/sdk/kernel'
import { sql } from 'kysely'
import { dateOf, ms } from '../db/moments.ts'
import { IS_STILL_ALLOWED, stillImplied } from '../oauth/grants/allowed-scopes.store.ts'
import type { Expand } from './record-columns.store.ts'

/**
 * The record line of an access token: encoded by the statement as a JSON list, decoded below.
 *
 * - Scopes: the issued ones that its grant and its client still have, so that narrowing either narrows all tokens. A
 *   client's own scopes (`client_credentials`) and those that users can grant it are separate lists.
 * - Audiences: the APIs of its remaining scopes, among these the requested ones (RFC 8707 §2).
 * - Owner: that of the grant, or without a user the client's own.
 */
export const TOKEN_LINE = sql`
  select json_build_array(
    at, coalesce(grants.id, clients.id), clients.id, grants.user_id, owners.id, tokens.environment,
    array_to_string(allowed.scopes, ' '),
    array(
      select apis.identifier from apis
      where apis.id in (select api_id from scopes where name = any(allowed.scopes))
        and (tokens.resources = '{}' or apis.identifier = any(tokens.resources))
    ),
    case when owners.rate_limits <> '[]' or owners.quota is not null
    then json_build_object('rate_limits', owners.rate_limits, 'quota', owners.quota) end,
    ${ms('coalesce(tokens.revoked_at, families.revoked_at, grants.revoked_at, clients.revoked_at)')},
    ${ms('least(tokens.expires_at, grants.expires_at)')},
    ${ms('owners.suspended_at')},
    ${ms('coalesce(clients.suspended_at, authors.suspended_at)')},
    case when grants.id is not null then ${stillImplied(sql`allowed.scopes`)} end
  )::text
  from access_tokens as tokens
  join clients on clients.id = tokens.client_id
  left join token_families as families on families.id = tokens.family_id
  left join grants on grants.id = families.grant_id
  left join owners as authors on authors.id = clients.owner_id
  join owners on owners.id = case when tokens.family_id is null then clients.owner_id else grants.owner_id end
  cross join lateral (
    select array(
      select name.name from unnest(tokens.scopes) as name (name)
      where case when grants.id is null then name.name = any(clients.client_credentials_scopes)
        else ${IS_STILL_ALLOWED} end
    ) as scopes
  ) as allowed
  where tokens.hash = asked.hash`

/** Fields in the order of {@link TOKEN_LINE}; times in ms since the epoch. */
type TokenRow = readonly [
  /** Position of the hash in the request, from 1. */
  at: number,
  credentialId: string,
  clientId: string,
  userId: string | null,
  ownerId: string,
  environment: string,
  /** Separated by spaces. */
  scopes: string,
  audiences: readonly string[],
  ownerLimits: LimitsWire | null,
  revokedAt: number | null,
  expiresAt: number | null,
  ownerSuspendedAt: number | null,
  disabledAt: number | null,
  /** Implied scopes that the user was shown at consent; null: all implied ones, since no user was asked. */
  brought: string | null,
]

/** Decodes a line into the position of its hash, from 1, and the record. */
export function decodeTokenLine(
  line: string,
  expand: Expand,
  nowMs: number,
): readonly [at: number, record: CredentialRecord] {
  const row: TokenRow = JSON.parse(line)
  const [at, credentialId, clientId, userId, ownerId, environment, scopes, audiences, ownerLimits] = row
  const [, , , , , , , , , revokedAt, expiresAt, ownerSuspendedAt, disabledAt] = row
  const deadlines = { retiresAt: null, expiresAt: dateOf(expiresAt) }
  const actions = {
    revokedAt: dateOf(revokedAt),
    retiredAt: null,
    ownerSuspendedAt: dateOf(ownerSuspendedAt),
    disabledAt: dateOf(disabledAt),
  }
  const record: CredentialRecord = {
    kind: 'access_token',
    credentialId,
    keyId: null,
    clientId,
    userId,
    ownerId,
    environment,
    scopes: expand(scopes, row[13]),
    metadata: {},
    audiences,
    ipAllowlist: null,
    limits: ownerLimits === null ? null : { key: NO_LIMITS, owner: limitsOfWire(ownerLimits) },
    ended: endedBy({ ...actions, ...deadlines }, nowMs),
    ...deadlines,
  }
  return [at, record]
}
