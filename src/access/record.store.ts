import { type CredentialRecord, endedBy, expandScopes, parseIpRanges } from '@doorward/sdk/kernel'
import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import { implications } from '../scopes/scope.store.ts'

/**
 * What verification knows of some secrets, in the order of their hashes; null where there is none. One statement by
 * primary key, whatever the number, and one for what scopes imply. Admin keys are not found here: by type, not by name.
 */
export async function recordsByHash(
  db: Db,
  hashes: readonly string[],
  now: Date,
): Promise<(CredentialRecord | null)[]> {
  const rows = await db
    .selectFrom('secrets')
    .innerJoin('keys', 'keys.id', 'secrets.holder_id')
    .innerJoin('owners', 'owners.id', 'keys.owner_id')
    .select([
      'secrets.hash',
      'secrets.id as credential_id',
      'secrets.retires_at',
      'secrets.retired_at',
      'secrets.expires_at',
    ])
    .select(['secrets.revoked_at as secret_revoked_at', 'owners.suspended_at'])
    .select(['keys.id as key_id', 'keys.owner_id', 'keys.environment', 'keys.scopes', 'keys.ip_allowlist'])
    .select(['keys.metadata', 'keys.disabled_at', 'keys.revoked_at'])
    .where(sql<boolean>`secrets.hash = any(${hashes.map((hash) => Buffer.from(hash, 'hex'))}::bytea[])`)
    .execute()
  const implies = rows.length === 0 ? new Map() : await implications(db)
  const found = new Map(
    rows.map((row) => {
      const { retires_at: retiresAt, expires_at: expiresAt } = row
      const life = {
        revokedAt: row.revoked_at ?? row.secret_revoked_at,
        retiredAt: row.retired_at,
        retiresAt,
        expiresAt,
        ownerSuspendedAt: row.suspended_at,
        disabledAt: row.disabled_at,
      }
      const record: CredentialRecord = {
        kind: 'api_key',
        credentialId: row.credential_id,
        keyId: row.key_id,
        ownerId: row.owner_id,
        environment: row.environment,
        scopes: expandScopes(row.scopes, implies),
        metadata: row.metadata,
        ipAllowlist: row.ip_allowlist === null ? null : rangesOf(row.ip_allowlist),
        ended: endedBy(life, now.getTime()),
        retiresAt,
        expiresAt,
      }
      return [Buffer.from(row.hash).toString('hex'), record]
    }),
  )
  return hashes.map((hash) => found.get(hash) ?? null)
}

/** The list was checked when it was stored. */
function rangesOf(entries: readonly string[]) {
  const ranges = parseIpRanges(entries)
  if ('notARange' in ranges) throw new Error(`a stored allow-list holds ${ranges.notARange}`)
  return ranges
}
