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

/**
 * What verification knows of the access token with the hash that is asked for, as a JSON list in text. A token may do
 * what it was issued for, as far as its grant and its client still may: so to narrow one of these narrows all tokens.
 * What a client may have without a user is another list than what users can grant it, and neither adds to the other. A
 * token is for the APIs of what it still may do, and of these for the ones that it was asked for. Without a user it
 * reaches the data of the client's own owner.
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

/** In the order of the statement. */
type TokenRow = readonly [
  /** From 1. */
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
  /** What the scopes brought along when the user allowed them; null: all that they imply, for nobody was asked. */
  brought: string | null,
]

/** A token's place among those that were asked for, and its record. */
export function tokenRecord(
  line: string,
  allows: (scopes: string, brought: string | null) => ReadonlySet<string>,
  nowMs: number,
): readonly [at: number, record: CredentialRecord] {
  const row: TokenRow = JSON.parse(line)
  const [at, credentialId, clientId, userId, ownerId, environment, scopes, audiences, ownerLimits] = row
  const [, , , , , , , , , revokedAt, expiresAt, ownerSuspendedAt, disabledAt] = row
  const deadlines = { retiresAt: null, expiresAt: dateOf(expiresAt) }
  const deeds = {
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
    scopes: allows(scopes, row[13]),
    metadata: {},
    audiences,
    ipAllowlist: null,
    limits: ownerLimits === null ? null : { key: NO_LIMITS, owner: limitsOfWire(ownerLimits) },
    ended: endedBy({ ...deeds, ...deadlines }, nowMs),
    ...deadlines,
  }
  return [at, record]
}
