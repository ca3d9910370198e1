import {
  type CredentialRecord,
  endedBy,
  expandScopes,
  type IpRanges,
  limitsOfWire,
  parseIpRanges,
  type RecordLimitsWire,
} from '@doorward/sdk/kernel'
import { sql } from 'kysely'
import { PREPARED } from '../db/prepared.ts'
import type { Db } from '../db/schema.ts'

/**
 * What verification knows of some secrets, in the order of their hashes; null where there is none. Admin keys are not
 * found here: by type, not by name.
 *
 * One statement by primary key, whatever the number, and one row: reading fourteen columns of a hundred rows one by one
 * cost this process three times as much as one JSON text does. Moments come as ms since the epoch.
 */
export async function recordsByHash(
  db: Db,
  hashes: readonly string[],
  now: Date,
): Promise<(CredentialRecord | null)[]> {
  const { rows } = await sql<{ found: Row[] | null; implies: Record<string, string[]> | null }>`
    select ${PREPARED}
      (
        select json_agg(json_build_array(
          at, secrets.id, keys.id, keys.owner_id, keys.environment, keys.scopes, keys.ip_allowlist, keys.metadata,
          ${LIMITS},
          ${ms('coalesce(keys.revoked_at, secrets.revoked_at)')}, ${ms('secrets.retired_at')},
          ${ms('secrets.retires_at')}, ${ms('secrets.expires_at')}, ${ms('owners.suspended_at')},
          ${ms('keys.disabled_at')}
        ))
        from unnest(${arrayOf(hashes)}::text::bytea[]) with ordinality as asked (hash, at)
        join secrets on secrets.hash = asked.hash
        join keys on keys.id = secrets.holder_id
        join owners on owners.id = keys.owner_id
      ) as found,
      (select json_object_agg(name, implies) from scopes where cardinality(implies) > 0) as implies`.execute(
    db,
  )
  const [{ found, implies } = { found: null, implies: null }] = rows
  const allows = once(expanding(new Map(Object.entries(implies ?? {}))))
  const records = new Array<CredentialRecord | null>(hashes.length).fill(null)
  for (const row of found ?? []) records[row[0] - 1] = toRecord(row, allows, now.getTime())
  return records
}

/** As Postgres writes an array of `bytea`: a tenth of what it costs to have the driver write it. */
function arrayOf(hashes: readonly string[]): string {
  return hashes.length === 0 ? '{}' : `{"\\\\x${hashes.join('","\\\\x')}"}`
}

/** In the order of the statement. */
type Row = readonly [
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

function toRecord(
  row: Row,
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
    ownerId,
    environment,
    scopes: allows(scopes),
    metadata,
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

function ms(moment: string) {
  return sql`extract(epoch from ${sql.raw(moment)}) * 1000`
}

function dateOf(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms)
}

function expanding(implies: ReadonlyMap<string, readonly string[]>) {
  return (scopes: readonly string[]) => expandScopes(scopes, implies)
}

/** Many keys have the same scopes. */
function once(expand: (scopes: readonly string[]) => ReadonlySet<string>) {
  const done = new Map<string, ReadonlySet<string>>()
  return (scopes: readonly string[]) => {
    const name = scopes.join(' ')
    const known = done.get(name) ?? expand(scopes)
    done.set(name, known)
    return known
  }
}

/** The list was checked when it was stored. */
function rangesOf(entries: readonly string[]): IpRanges {
  const ranges = parseIpRanges(entries)
  if ('notARange' in ranges) throw new Error(`a stored allow-list holds ${ranges.notARange}`)
  return ranges
}
