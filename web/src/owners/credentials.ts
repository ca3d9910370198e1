import type { Grant } from '../grants/grants.queries.ts'
import type { KeyRow } from '../keys/keys.queries.ts'

/** A key or a connected app: what both have. */
export interface Credential {
  readonly kind: 'key' | 'app'
  readonly id: string
  readonly name: string
  /** The hint of a key; the client's id. */
  readonly about: string
  /** Creator of the key, or user who consented. */
  readonly by: string
  readonly scopes: readonly string[]
  readonly state: string
  readonly createdAt: string
  readonly lastUsedAt: string | null
  readonly expiresAt: string | null
}

/** The rows of a list that were loaded, newest first, and whether there are older ones. */
export interface Listed<Row> {
  readonly rows: readonly Row[]
  readonly hasMore: boolean
}

/**
 * One list of two, newest first. Rows older than the last one of a list with more are left out until those are loaded:
 * others may belong between them.
 */
export function inOneList(keys: Listed<KeyRow>, grants: Listed<Grant>): readonly Credential[] {
  const lists = [
    { rows: keys.rows.map(fromKey), hasMore: keys.hasMore },
    { rows: grants.rows.map(fromGrant), hasMore: grants.hasMore },
  ]
  const from = lists
    .map(({ rows, hasMore }) => (hasMore ? (rows.at(-1)?.createdAt ?? '') : ''))
    .reduce((a, b) => (a > b ? a : b))
  return lists
    .flatMap(({ rows }) => rows)
    .filter(({ createdAt }) => createdAt >= from)
    .toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : 0))
}

function fromKey(key: KeyRow): Credential {
  return {
    kind: 'key',
    id: key.id,
    name: key.name,
    about: key.hint,
    by: key.created_by_name ?? key.created_by,
    scopes: key.scopes,
    state: key.state,
    createdAt: String(key.created_at),
    lastUsedAt: textOf(key.last_used_at),
    expiresAt: textOf(key.expires_at),
  }
}

function fromGrant(grant: Grant): Credential {
  return {
    kind: 'app',
    id: grant.id,
    name: grant.client_name,
    about: grant.client_id,
    by: grant.user_name ?? grant.user_id,
    scopes: grant.scopes,
    state: grant.state,
    createdAt: String(grant.granted_at),
    lastUsedAt: textOf(grant.last_used_at),
    expiresAt: textOf(grant.expires_at),
  }
}

function textOf(at: unknown): string | null {
  return at === null ? null : String(at)
}
