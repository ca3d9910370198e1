import { type CredentialRecord, SourceUnavailableError } from '@doorward/sdk/kernel'
import { sql } from 'kysely'
import { GIVEN, PREPARED, statement } from '../db/prepared.ts'
import type { Db } from '../db/schema.ts'
import { decodeKeyLine, KEY_LINE } from './key-line.store.ts'
import { arrayOf, expanding } from './record-columns.store.ts'
import { decodeTokenLine, TOKEN_LINE } from './token-line.store.ts'

/**
 * Finds the records of some credentials, in the order of their hashes; null where there is none. Admin keys and refresh
 * tokens are in other tables and cannot be found here. Tokens are looked for only where no secret has the hash. A row
 * that cannot be read gives an Error at its position, so that it does not affect the others.
 *
 * @param onUnreadable called for each such row; the error names part of its hash, and nothing that is stored
 */
export async function recordsByHash(
  db: Db,
  hashes: readonly string[],
  now: Date,
  onUnreadable: (error: Error) => void,
): Promise<(CredentialRecord | null | Error)[]> {
  const [{ found, implies } = NOTHING] = await find(db, [arrayOf(hashes)])
  const expand = expanding(implies)
  const records = new Array<CredentialRecord | null | Error>(hashes.length).fill(null)
  let last = 1
  for (const line of found?.split('\n') ?? []) {
    try {
      const [at, record] = line.startsWith('[')
        ? decodeTokenLine(line, expand, now.getTime())
        : decodeKeyLine(line, expand, now.getTime())
      if (records[at - 1] !== null) throw new Error('two lines have one position')
      records[at - 1] = record
      last = at
    } catch (cause) {
      last = positionOf(line, hashes.length) ?? last
      const unreadable = unreadableError(hashes[last - 1], cause)
      records[last - 1] = unreadable
      onUnreadable(unreadable)
    }
  }
  return records
}

/** Finds one record. @throws SourceUnavailableError where its row cannot be read */
export async function recordByHash(
  db: Db,
  hash: string,
  now: Date,
  onUnreadable: (error: Error) => void,
): Promise<CredentialRecord | null> {
  const [record = null] = await recordsByHash(db, [hash], now, onUnreadable)
  if (record instanceof Error) throw new SourceUnavailableError(record.message, { cause: record })
  return record
}

/** The position that a line names; null for the rest of a row that contains a line break. */
function positionOf(line: string, most: number): number | null {
  const position = Number(/^\[?(\d+)[\t,]/.exec(line)?.[1])
  return position >= 1 && position <= most ? position : null
}

/** Drops a SyntaxError of `JSON.parse` as the cause: its message shows a piece of the stored text. */
function unreadableError(hash: string | undefined, cause: unknown): Error {
  const shown = cause instanceof SyntaxError ? {} : { cause }
  return new Error(`the stored credential with the SHA-256 ${hash?.slice(0, 12)}… cannot be read`, shown)
}

interface Found {
  /** One line per record: tab-separated fields for a key, a JSON list for a token. */
  readonly found: string | null
  readonly implies: Record<string, string[]> | null
}

const NOTHING: Found = { found: null, implies: null }

/** Finds any number of records by hash and id in one statement with one row: a line each, see `key-line.store.ts`. */
const find = statement<Found>(sql`
  select ${PREPARED}
    string_agg(
      case when secrets.id is null then (${TOKEN_LINE})
      else ${KEY_LINE}
      end,
      ${sql.lit('\n')}
    ) as found,
    (select json_object_agg(name, implies) from scopes where cardinality(implies) > 0) as implies
  from unnest(${GIVEN}::text::bytea[]) with ordinality as asked (hash, at)
  left join secrets on secrets.hash = asked.hash
  left join keys on keys.id = secrets.holder_id
  left join owners on owners.id = keys.owner_id`)
