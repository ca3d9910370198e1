import {
  type CredentialRecord,
  endedBy,
  type IpRanges,
  limitsOfWire,
  parseIpRanges,
  type RecordLimitsWire,
} from '@doorward/sdk/kernel'
import { sql } from 'kysely'
import { earlier } from '../base/clock.ts'
import { dateOf, ms } from '../db/moments.ts'
import type { Expand } from './record-columns.store.ts'

/**
 * The record line of an API key: encoded by the statement, decoded here. Reading fourteen columns of a hundred rows one
 * by one costs this process three times as much as one text, and Postgres spends as much on writing it as on finding the
 * rows. So the fields are joined by tabs, and JSON is written only of the properties that few keys have.
 */

/** Null for the many keys without limits. */
const LIMITS = sql`
  case when keys.rate_limits <> '[]' or keys.quota is not null
    or owners.rate_limits <> '[]' or owners.quota is not null
  then json_build_object(
    'key', json_build_object('rate_limits', keys.rate_limits, 'quota', keys.quota),
    'owner', json_build_object('rate_limits', owners.rate_limits, 'quota', owners.quota)
  ) end`

/** The times that can end a key, in the order of {@link Unusual}: one list to test for any, and to encode them. */
const ENDS = [
  'coalesce(keys.revoked_at, secrets.revoked_at)',
  'secrets.retired_at',
  'secrets.retires_at',
  'secrets.expires_at',
  'owners.suspended_at',
  'keys.disabled_at',
  'least(keys.disable_unrotated_at, keys.disable_unlisted_at)',
]

/** Encodes {@link Unusual} as a JSON list; null for the many keys that have none of it. */
const UNUSUAL = sql`
  case when coalesce(${sql.join(ENDS.map((moment) => sql.raw(moment)))}) is not null
    or keys.ip_allowlist is not null or keys.metadata <> '{}' or (${LIMITS}) is not null
  then json_build_array(keys.ip_allowlist, keys.metadata, ${LIMITS}, ${sql.join(ENDS.map(ms))})::text end`

/** Separates fields: no id, no name and no JSON contains a tab. */
const TAB = sql.lit('\t')

/** Encodes the line; `at` is the position of the hash in the request. */
export const KEY_LINE = sql`at::text || ${TAB} || secrets.id || ${TAB} || keys.id || ${TAB} || keys.owner_id || ${TAB}
        || keys.environment || ${TAB} || array_to_string(keys.scopes, ' ') || coalesce(${TAB} || ${UNUSUAL}, '')`

/** Properties that few keys have; times in ms since the epoch. */
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
  /** When a rule of the policy disables it. */
  disablesAt: number | null,
]

/** Decodes a line into the position of its hash, from 1, and the record. */
export function decodeKeyLine(
  line: string,
  expand: Expand,
  nowMs: number,
): readonly [at: number, record: CredentialRecord] {
  const [at = '', credentialId = '', keyId = '', ownerId = '', environment = '', scopes, unusual] =
    line.split('\t')
  if (scopes === undefined) throw new Error('a stored key cannot be read')
  const { metadata, ipAllowlist, limits, ended, retiresAt, expiresAt } =
    unusual === undefined ? NOTHING_UNUSUAL : decodeUnusual(JSON.parse(unusual), nowMs)
  const record = {
    kind: 'api_key' as const,
    credentialId,
    keyId,
    clientId: null,
    userId: null,
    ownerId,
    environment,
    scopes: expand(scopes),
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

type UnusualPart = Pick<
  CredentialRecord,
  'metadata' | 'ipAllowlist' | 'limits' | 'ended' | 'retiresAt' | 'expiresAt'
>

const NOTHING_UNUSUAL: UnusualPart = {
  metadata: Object.freeze({}),
  ipAllowlist: null,
  limits: null,
  ended: null,
  retiresAt: null,
  expiresAt: null,
}

function decodeUnusual(unusual: Unusual, nowMs: number): UnusualPart {
  const [ipAllowlist, metadata, limits, revoked, retired, retires, expires, ownerSuspended, disabled] =
    unusual
  // A date at which a rule disables the key is a deadline like its expiry, at no cost for a verifier.
  const disables = unusual[9]
  const isDisabled = disables !== null && disables <= nowMs
  const deadlines = {
    retiresAt: dateOf(retires),
    expiresAt: isDisabled ? dateOf(expires) : earlier(dateOf(expires), dateOf(disables)),
  }
  const actions = {
    revokedAt: dateOf(revoked),
    retiredAt: dateOf(retired),
    ownerSuspendedAt: dateOf(ownerSuspended),
    disabledAt: dateOf(disabled ?? (isDisabled ? disables : null)),
  }
  return {
    metadata,
    ipAllowlist: ipAllowlist === null ? null : rangesOf(ipAllowlist),
    limits: limits === null ? null : { key: limitsOfWire(limits.key), owner: limitsOfWire(limits.owner) },
    ended: endedBy({ ...actions, ...deadlines }, nowMs),
    ...deadlines,
  }
}

/** @throws where a stored entry is invalid, although it was checked when it was stored */
function rangesOf(entries: readonly string[]): IpRanges {
  const ranges = parseIpRanges(entries)
  if ('notARange' in ranges)
    throw new Error('a stored allow-list holds what is neither an address nor a CIDR block')
  return ranges
}
