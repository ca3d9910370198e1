import { momentFromWire } from '../credential/moment.wire.ts'
import { type IpRanges, parseIpRanges } from './ip-ranges.ts'
import { type RecordLimitsWire, recordLimitsFromWire, recordLimitsToWire } from './limits.wire.ts'
import type { CredentialRecord } from './record.ts'
import type { Ended } from './refusal.ts'
import { deepFrozen } from './scopes-view.ts'

/** A record as the server sends it and the SDK reads it: snake_case, ISO 8601. */
export interface RecordWire {
  readonly kind: CredentialRecord['kind']
  readonly credential_id: string
  readonly key_id: string | null
  readonly client_id: string | null
  readonly user_id: string | null
  readonly owner_id: string
  readonly environment: string
  readonly scopes: readonly string[]
  readonly metadata: Readonly<Record<string, unknown>>
  readonly audiences: readonly string[] | null
  readonly ip_allowlist: readonly string[] | null
  readonly limits: RecordLimitsWire | null
  readonly ended: { readonly reason: Ended['reason']; readonly at: string } | null
  readonly retires_at: string | null
  readonly expires_at: string | null
  /** Fields without which a reader must not use the record. The server sends none today. */
  readonly must_understand?: readonly string[]
}

const ENDINGS: ReadonlySet<string> = new Set<Ended['reason']>([
  'revoked',
  'rotated',
  'expired',
  'owner_suspended',
  'disabled',
])

export function recordToWire(record: CredentialRecord): RecordWire {
  const { ended, retiresAt, expiresAt } = record
  return {
    kind: record.kind,
    credential_id: record.credentialId,
    key_id: record.keyId,
    client_id: record.clientId,
    user_id: record.userId,
    owner_id: record.ownerId,
    environment: record.environment,
    scopes: [...record.scopes].sort(),
    metadata: record.metadata,
    audiences: record.audiences,
    ip_allowlist: record.ipAllowlist?.entries ?? null,
    limits: recordLimitsToWire(record.limits),
    ended: ended === null ? null : { reason: ended.reason, at: ended.at.toISOString() },
    retires_at: retiresAt?.toISOString() ?? null,
    expires_at: expiresAt?.toISOString() ?? null,
  }
}

const FIELDS: ReadonlySet<string> = new Set<keyof RecordWire>([
  'kind',
  'credential_id',
  'key_id',
  'client_id',
  'user_id',
  'owner_id',
  'environment',
  'scopes',
  'metadata',
  'audiences',
  'ip_allowlist',
  'limits',
  'ended',
  'retires_at',
  'expires_at',
  'must_understand',
])

/**
 * Reads a record from the wire. Unknown fields of a newer server are ignored, so that they do not break older SDKs. Where
 * such a field restricts the credential, the server names it in `must_understand`, and the record is refused. In limits
 * every field restricts, so none is ignored.
 *
 * @throws TypeError that names the field, and never shows its value
 */
export function recordFromWire(wire: unknown): CredentialRecord {
  const fields = objectOf(wire, 'the record')
  if (fields.must_understand !== undefined)
    for (const name of textsOf(fields.must_understand, 'record.must_understand'))
      if (!FIELDS.has(name)) throw new TypeError(`record.${name} is not known to this version of the SDK`)
  if (fields.kind !== 'api_key' && fields.kind !== 'access_token')
    throw new TypeError('record.kind is not known to this version of the SDK')
  return {
    kind: fields.kind,
    credentialId: textOf(fields.credential_id, 'record.credential_id'),
    ...idsOf(fields.kind, fields),
    ownerId: textOf(fields.owner_id, 'record.owner_id'),
    environment: textOf(fields.environment, 'record.environment'),
    scopes: new Set(textsOf(fields.scopes, 'record.scopes')),
    metadata: deepFrozen(objectOf(fields.metadata, 'record.metadata')),
    audiences: fields.audiences === null ? null : textsOf(fields.audiences, 'record.audiences'),
    ipAllowlist: rangesOf(fields.ip_allowlist, 'record.ip_allowlist'),
    limits: recordLimitsFromWire(fields.limits, 'record.limits'),
    ended: endedOf(fields.ended, 'record.ended'),
    retiresAt: momentOrNull(fields.retires_at, 'record.retires_at'),
    expiresAt: momentOrNull(fields.expires_at, 'record.expires_at'),
  }
}

/** Checks that a key has its id and no client, and a token a client and no key: see `Principal`. */
function idsOf(kind: CredentialRecord['kind'], fields: Record<string, unknown>) {
  const keyId = textOrNull(fields.key_id, 'record.key_id')
  const clientId = textOrNull(fields.client_id, 'record.client_id')
  const userId = textOrNull(fields.user_id, 'record.user_id')
  const fits =
    kind === 'api_key'
      ? keyId !== null && clientId === null && userId === null
      : keyId === null && clientId !== null
  if (!fits) throw new TypeError('record.kind does not fit record.key_id, client_id and user_id')
  return { keyId, clientId, userId }
}

function endedOf(value: unknown, name: string): Ended | null {
  if (value === null) return null
  const { reason, at } = objectOf(value, name)
  if (typeof reason !== 'string' || !ENDINGS.has(reason))
    throw new TypeError(`${name}.reason is not a known reason`)
  return { reason: reason as Ended['reason'], at: momentFromWire(at, `${name}.at`) }
}

function rangesOf(value: unknown, name: string): IpRanges | null {
  if (value === null) return null
  const ranges = parseIpRanges(textsOf(value, name))
  if ('notARange' in ranges) throw new TypeError(`${name} holds what is neither an address nor a CIDR block`)
  return ranges
}

function objectOf(value: unknown, name: string): Record<string, unknown> {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new TypeError(`${name} is not an object`)
  return value as Record<string, unknown>
}

function textOf(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new TypeError(`${name} is not a string`)
  return value
}

function textOrNull(value: unknown, name: string): string | null {
  return value === null ? null : textOf(value, name)
}

function textsOf(value: unknown, name: string): string[] {
  if (!Array.isArray(value)) throw new TypeError(`${name} is not a list`)
  return value.map((each) => textOf(each, name))
}

function momentOrNull(value: unknown, name: string): Date | null {
  return value === null ? null : momentFromWire(value, name)
}
