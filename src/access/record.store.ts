import {
  type CredentialRecord,
  endedBy,
  type IpRanges,
  limitsOfWire,
  parseIpRanges,
  type RecordLimitsWire,
} from '@doorward/sdk/kernel'
import { sql } from 'kysely'
import { dateOf, ms } from '../db/moments.ts'
import { PREPARED } from '../db/prepared.ts'
import type { Db } from '../db/schema.ts'
import { arrayOf, expanding } from './record-columns.store.ts'
import { TOKENS_FOUND, type TokenRow, tokenRecord } from './token-record.store.ts'

/**
 * What verification knows of some credentials, in the order of their hashes; null where there is none. Admin keys and
 * refresh tokens are not found here: by type, not by name. Tokens are looked for only where no secret has the hash.
 *
 * One statement by primary key, whatever the number, and one row: reading fourteen columns of a hundred rows one by one
 * cost this process three times as much as one JSON text does. Moments come as ms since the epoch.
 */
export async function recordsByHash(
  db: Db,
  hashes: readonly string[],
  now: Date,
): Promise<(CredentialRecord | null)[]> {
  const { rows } = await sql<Found>`
    with held as materialized (
      select at, asked.hash, holder_id, id, revoked_at, retired_at, retires_at, expires_at
      from unnest(${arrayOf(hashes)}::text::bytea[]) with ordinality as asked (hash, at)
      left join secrets on secrets.hash = asked.hash
    )
    select ${PREPARED}
      (
        select json_agg(json_build_array(
          at, held.id, keys.id, keys.owner_id, keys.environment, keys.scopes, keys.ip_allowlist, keys.metadata,
          ${LIMITS},
          ${ms('coalesce(keys.revoked_at, held.revoked_at)')}, ${ms('held.retired_at')},
          ${ms('held.retires_at')}, ${ms('held.expires_at')}, ${ms('owners.suspended_at')},
          ${ms('keys.disabled_at')}
        ))
        from held
        join keys on keys.id = held.holder_id
        join owners on owners.id = keys.owner_id
      ) as keys,
      (${TOKENS_FOUND}) as tokens,
      (select json_object_agg(name, implies) from scopes where cardinality(implies) > 0) as implies`.execute(
    db,
  )
  const [{ keys, tokens, implies } = NOTHING] = rows
  const allows = expanding(implies)
  const records = new Array<CredentialRecord | null>(hashes.length).fill(null)
  for (const row of keys ?? []) records[row[0] - 1] = keyRecord(row, allows, now.getTime())
  for (const row of tokens ?? []) records[row[0] - 1] = tokenRecord(row, allows, now.getTime())
  return records
}

interface Found {
  readonly keys: KeyRow[] | null
  readonly tokens: TokenRow[] | null
  readonly implies: Record<string, string[]> | null
}

const NOTHING: Found = { keys: null, tokens: null, implies: null }

/** In the order of the statement. */
type KeyRow = readonly [
  /** From 1. */
  at: number,
  credentialId: string,
  keyId: string,
  ownerId: string,
  environment: string,
  scopes: readonly string[],
  ipAllowlist: readonly string[] | null,
  metadata: Readonly<Record<string, unknown>>,
  limits: RecordLimitsWire | null,
  revokedAt: number | null,
  retiredAt: number | null,
  retiresAt: number | null,
  expiresAt: number | null,
  ownerSuspendedAt: number | null,
  disabledAt: number | null,
]

function keyRecord(
  row: KeyRow,
  allows: (scopes: readonly string[]) => ReadonlySet<string>,
  nowMs: number,
): CredentialRecord {
  const [, credentialId, keyId, ownerId, environment, scopes, ipAllowlist, metadata, limits, ...moments] = row
  const [revokedAt, retiredAt, retiresAt, expiresAt, ownerSuspendedAt, disabledAt] = moments.map(dateOf)
  const deadlines = { retiresAt: retiresAt ?? null, expiresAt: expiresAt ?? null }
  const deeds = {
    revokedAt: revokedAt ?? null,
    retiredAt: retiredAt ?? null,
    ownerSuspendedAt: ownerSuspendedAt ?? null,
    disabledAt: disabledAt ?? null,
  }
  return {
    kind: 'api_key',
    credentialId,
    keyId,
    clientId: null,
    userId: null,
    ownerId,
    environment,
    scopes: allows(scopes),
    metadata,
    audiences: null,
    ipAllowlist: ipAllowlist === null ? null : rangesOf(ipAllowlist),
    limits: limits === null ? null : { key: limitsOfWire(limits.key), owner: limitsOfWire(limits.owner) },
    ended: endedBy({ ...deeds, ...deadlines }, nowMs),
    ...deadlines,
  }
}

/** Null for the many that have none. */
const LIMITS = sql`
  case when keys.rate_limits <> '[]' or keys.quota is not null
    or owners.rate_limits <> '[]' or owners.quota is not null
  then json_build_object(
    'key', json_build_object('rate_limits', keys.rate_limits, 'quota', keys.quota),
    'owner', json_build_object('rate_limits', owners.rate_limits, 'quota', owners.quota)
  ) end`

/** The list was checked when it was stored. */
function rangesOf(entries: readonly string[]): IpRanges {
  const ranges = parseIpRanges(entries)
  if ('notARange' in ranges) throw new Error(`a stored allow-list holds ${ranges.notARange}`)
  return ranges
}
