import {
  type CredentialRecord,
  endedBy,
  type IpRanges,
  limitsOfWire,
  parseIpRanges,
  type RecordLimits,
  type RecordLimitsWire,
} from '@doorward/sdk/kernel'
import { sql } from 'kysely'
import { dateOf, msText } from '../db/moments.ts'
import { PREPARED } from '../db/prepared.ts'
import type { Db } from '../db/schema.ts'
import { arrayOf, expanding } from './record-columns.store.ts'
import { TOKENS_FOUND, type TokenRow, tokenRecord } from './token-record.store.ts'

/**
 * What verification knows of some credentials, in the order of their hashes; null where there is none. Admin keys and
 * refresh tokens are not found here: by type, not by name. Tokens are looked for only where no secret has the hash.
 *
 * One statement by hash and id, whatever the number, and one row: reading fourteen columns of a hundred rows one by one
 * cost this process three times as much as one JSON text does. A key is a list of texts, because Postgres looks up how to
 * write a value anew for each one in a list of several types. Moments come as ms since the epoch.
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
        select json_agg(array[
          at::text, held.id, keys.id, keys.owner_id, keys.environment, array_to_string(keys.scopes, ' '),
          array_to_string(keys.ip_allowlist, ' '), nullif(keys.metadata, '{}')::text, (${LIMITS})::text,
          ${msText('coalesce(keys.revoked_at, held.revoked_at)')}, ${msText('held.retired_at')},
          ${msText('held.retires_at')}, ${msText('held.expires_at')}, ${msText('owners.suspended_at')},
          ${msText('keys.disabled_at')}
        ])
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
  for (const row of keys ?? []) records[Number(row[0]) - 1] = keyRecord(row, allows, now.getTime())
  for (const row of tokens ?? []) records[row[0] - 1] = tokenRecord(row, allows, now.getTime())
  return records
}

interface Found {
  readonly keys: KeyRow[] | null
  readonly tokens: TokenRow[] | null
  readonly implies: Record<string, string[]> | null
}

const NOTHING: Found = { keys: null, tokens: null, implies: null }

/** In the order of the statement; lists are separated by spaces, which none of their entries has. */
type KeyRow = readonly [
  /** From 1. */
  at: string,
  credentialId: string,
  keyId: string,
  ownerId: string,
  environment: string,
  scopes: string,
  ipAllowlist: string | null,
  /** Null where it is empty. */
  metadata: string | null,
  limits: string | null,
  revokedAt: string | null,
  retiredAt: string | null,
  retiresAt: string | null,
  expiresAt: string | null,
  ownerSuspendedAt: string | null,
  disabledAt: string | null,
]

function keyRecord(
  row: KeyRow,
  allows: (scopes: string) => ReadonlySet<string>,
  nowMs: number,
): CredentialRecord {
  const [, credentialId, keyId, ownerId, environment, scopes, ipAllowlist, metadata, limits, ...moments] = row
  const [revokedAt, retiredAt, retiresAt, expiresAt, ownerSuspendedAt, disabledAt] = moments
  const deadlines = { retiresAt: dateOf(retiresAt), expiresAt: dateOf(expiresAt) }
  const deeds = {
    revokedAt: dateOf(revokedAt),
    retiredAt: dateOf(retiredAt),
    ownerSuspendedAt: dateOf(ownerSuspendedAt),
    disabledAt: dateOf(disabledAt),
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
    metadata: metadata === null ? NO_METADATA : JSON.parse(metadata),
    audiences: null,
    ipAllowlist: ipAllowlist === null ? null : rangesOf(ipAllowlist),
    limits: limits === null ? null : limitsOf(JSON.parse(limits)),
    ended: endedBy({ ...deeds, ...deadlines }, nowMs),
    ...deadlines,
  }
}

const NO_METADATA = Object.freeze({})

/** Null for the many that have none. */
const LIMITS = sql`
  case when keys.rate_limits <> '[]' or keys.quota is not null
    or owners.rate_limits <> '[]' or owners.quota is not null
  then json_build_object(
    'key', json_build_object('rate_limits', keys.rate_limits, 'quota', keys.quota),
    'owner', json_build_object('rate_limits', owners.rate_limits, 'quota', owners.quota)
  ) end`

function limitsOf({ key, owner }: RecordLimitsWire): RecordLimits {
  return { key: limitsOfWire(key), owner: limitsOfWire(owner) }
}

/** The list was checked when it was stored. */
function rangesOf(entries: string): IpRanges {
  const ranges = parseIpRanges(entries === '' ? [] : entries.split(' '))
  if ('notARange' in ranges) throw new Error(`a stored allow-list holds ${ranges.notARange}`)
  return ranges
}
