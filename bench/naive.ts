import { createHash } from 'node:crypto'
import type pg from 'pg'

/**
 * The simplest implementation: a table of hashes, and for each request a SELECT and an UPDATE, both prepared and by
 * primary key.
 */
export async function openNaive(pool: pg.Pool, { migrate = false } = {}) {
  if (migrate)
    await pool.query(`
      create table api_keys (
        hash          bytea primary key,
        owner_id      text not null,
        scopes        text[] not null,
        expires_at    timestamptz,
        revoked_at    timestamptz,
        last_used_at  timestamptz
      )`)
  return {
    add: async (texts: readonly string[]): Promise<void> => {
      await pool.query(
        `insert into api_keys (hash, owner_id, scopes)
         select hash, 'org_1', '{orders:read,orders:write}' from unnest($1::bytea[]) hash`,
        [texts.map(hashOf)],
      )
    },
    verify: async (text: string, scope: string): Promise<NaiveKey | null> => {
      const hash = hashOf(text)
      const { rows } = await pool.query<NaiveKey>({
        name: 'find',
        text: `select owner_id, scopes from api_keys
               where hash = $1 and revoked_at is null and (expires_at is null or expires_at > now())`,
        values: [hash],
      })
      const key = rows[0]
      if (!key?.scopes.includes(scope)) return null
      await pool.query({
        name: 'used',
        text: 'update api_keys set last_used_at = now() where hash = $1',
        values: [hash],
      })
      return key
    },
  }
}

interface NaiveKey {
  readonly owner_id: string
  readonly scopes: string[]
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
