import {
  type CredentialRecord,
  endedBy,
  type IpRanges,
  limitsOfWire,
  parseIpRanges,
  type RecordLimitsWire,
  SourceUnavailableError,
} from '@doorward/sdk/kernel'
import { sql } from 'kysely'
import { dateOf, ms } from '../db/moments.ts'
import { GIVEN, PREPARED, statement } from '../db/prepared.ts'
import type { Db } from '../db/schema.ts'
import { arrayOf, expanding } from './record-columns.store.ts'
import { TOKEN_LINE, tokenRecord } from './token-record.store.ts'

/**
 * What verification knows of some credentials, in the order of their hashes; null where there is none. Admin keys and
 * refresh tokens are not found here: by type, not by name. Tokens are looked for only where no secret has the hash. A
 * row that cannot be read gives an Error in its own place, so that it does not shut out the others.
 *
 * @param onUnreadable hears of each such row; the error names its hash in part, and shows nothing that is stored in it
 */
export async function recordsByHash(
  db: Db,
  hashes: readonly string[],
  now: Date,
  onUnreadable: (error: Error) => void,
): Promise<(CredentialRecord | null | Error)[]> {
  const [{ found, implies } = NOTHING] = await find(db, [arrayOf(hashes)])
  const allows = expanding(implies)
  const records = new Array<CredentialRecord | null | Error>(hashes.length).fill(null)
  let last = 1
  for (const line of found?.split('\n') ?? []) {
    try {
      const [at, record] = line.startsWith('[')
        ? tokenRecord(line, allows, now.getTime())
        : keyRecord(line, allows, now.getTime())
      if (records[at - 1] !== null) throw new Error('a line in the place of another')
      records[at - 1] = record
      last = at
    } catch (cause) {
      last = placeOf(line, hashes.length) ?? last
      const unreadable = unreadableError(hashes[last - 1], cause)
      records[last - 1] = unreadable
      onUnreadable(unreadable)
    }
  }
  return records
}

/** The same for a single hash. @throws SourceUnavailableError where its row cannot be read */
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

/** The place that a line names; null for the rest of a row that a line break has cut in two. */
function placeOf(line: string, most: number): number | null {
  const place = Number(/^\[?(\d+)[\t,]/.exec(line)?.[1])
  return place >= 1 && place <= most ? place : null
}

/** What `JSON.parse` says shows a piece of what it read, so it is no cause. */
function unreadableError(hash: string | undefined, cause: unknown): Error {
  const told = cause instanceof SyntaxError ? {} : { cause }
  return new Error(`the stored credential with the SHA-256 ${hash?.slice(0, 12)}… cannot be read`, told)
}

interface Found {
  /** A line for each: of a key its fields with tabs between them, of a token a JSON list. */
  readonly found: string | null
  readonly implies: Record<string, string[]> | null
}

const NOTHING: Found = { found: null, implies: null }

/** Null for the many that have none. */
const LIMITS = sql`
  case when keys.rate_limits <> '[]' or keys.quota is not null
    or owners.rate_limits <> '[]' or owners.quota is not null
  then json_build_object(
    'key', json_build_object('rate_limits', keys.rate_limits, 'quota', keys.quota),
    'owner', json_build_object('rate_limits', owners.rate_limits, 'quota', owners.quota)
  ) end`

/** All that ends a key, in the order of {@link Unusual}: one list for whether there is any and for what it is. */
const ENDS = [
  'coalesce(keys.revoked_at, secrets.revoked_at)',
  'secrets.retired_at',
  'secrets.retires_at',
  'secrets.expires_at',
  'owners.suspended_at',
  'keys.disabled_at',
]

/** What few keys have any of, as a JSON list; null where a key has none. */
const UNUSUAL = sql`
  case when coalesce(${sql.join(ENDS.map((moment) => sql.raw(moment)))}) is not null
    or keys.ip_allowlist is not null or keys.metadata <> '{}' or (${LIMITS}) is not null
  then json_build_array(keys.ip_allowlist, keys.metadata, ${LIMITS}, ${sql.join(ENDS.map(ms))})::text end`

/** A tab, which stands in no id, no name and no JSON. */
const TAB = sql.lit('\t')

/**
 * One statement by hash and id, whatever the number, and one row: reading fourteen columns of a hundred rows one by one
 * would cost this process three times as much as one text does, and Postgres spends as much on writing it as on finding
 * the rows. So a key is put together as text; JSON is written only of what few have.
 */
const find = statement<Found>(sql`
  select ${PREPARED}
    string_agg(
      case when secrets.id is null then (${TOKEN_LINE})
      else at::text || ${TAB} || secrets.id || ${TAB} || keys.id || ${TAB} || keys.owner_id || ${TAB}
        || keys.environment || ${TAB} || array_to_string(keys.scopes, ' ') || coalesce(${TAB} || ${UNUSUAL}, '')
      end,
      ${sql.lit('\n')}
    ) as found,
    (select json_object_agg(name, implies) from scopes where cardinality(implies) > 0) as implies
  from unnest(${GIVEN}::text::bytea[]) with ordinality as asked (hash, at)
  left join secrets on secrets.hash = asked.hash
  left join keys on keys.id = secrets.holder_id
  left join owners on owners.id = keys.owner_id`)

/** {@link UNUSUAL}; moments in ms since the epoch. */
type Unusual = readonly [
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

/** A key's place among those that were asked for, from 1, and its record. */
function keyRecord(
  line: string,
  allows: ReturnType<typeof expanding>,
  nowMs: number,
): readonly [at: number, record: CredentialRecord] {
  const [at = '', credentialId = '', keyId = '', ownerId = '', environment = '', scopes, unusual] =
    line.split('\t')
  if (scopes === undefined) throw new Error('a stored key cannot be read')
  const { metadata, ipAllowlist, limits, ended, retiresAt, expiresAt } =
    unusual === undefined ? NOTHING_UNUSUAL : unusualOf(JSON.parse(unusual), nowMs)
  const record = {
    kind: 'api_key' as const,
    credentialId,
    keyId,
    clientId: null,
    userId: null,
    ownerId,
    environment,
    scopes: allows(scopes),
    metadata,
    audiences: null,
    ipAllowlist,
    limits,
    ended,
    retiresAt,
    expiresAt,
  }
  return [Number(at), record]
}

type OfFew = Pick<
  CredentialRecord,
  'metadata' | 'ipAllowlist' | 'limits' | 'ended' | 'retiresAt' | 'expiresAt'
>

const NOTHING_UNUSUAL: OfFew = {
  metadata: Object.freeze({}),
  ipAllowlist: null,
  limits: null,
  ended: null,
  retiresAt: null,
  expiresAt: null,
}

function unusualOf(unusual: Unusual, nowMs: number): OfFew {
  const [ipAllowlist, metadata, limits, revoked, retired, retires, expires, ownerSuspended, disabled] =
    unusual
  const deadlines = { retiresAt: dateOf(retires), expiresAt: dateOf(expires) }
  const deeds = {
    revokedAt: dateOf(revoked),
    retiredAt: dateOf(retired),
    ownerSuspendedAt: dateOf(ownerSuspended),
    disabledAt: dateOf(disabled),
  }
  return {
    metadata,
    ipAllowlist: ipAllowlist === null ? null : rangesOf(ipAllowlist),
    limits: limits === null ? null : { key: limitsOfWire(limits.key), owner: limitsOfWire(limits.owner) },
    ended: endedBy({ ...deeds, ...deadlines }, nowMs),
    ...deadlines,
  }
}

/** The list was checked when it was stored. */
function rangesOf(entries: readonly string[]): IpRanges {
  const ranges = parseIpRanges(entries)
  if ('notARange' in ranges)
    throw new Error('a stored allow-list holds what is neither an address nor a CIDR block')
  return ranges
}
