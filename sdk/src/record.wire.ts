import { parseIpRanges } from './ip-ranges.ts'
import type { CredentialRecord } from './record.ts'
import type { Ended } from './refusal.ts'

/** A record as the server sends it and the SDK reads it: snake_case, ISO 8601. */
export interface RecordWire {
  readonly kind: 'api_key'
  readonly credential_id: string
  readonly key_id: string
  readonly owner_id: string
  readonly environment: string
  readonly scopes: readonly string[]
  readonly metadata: Readonly<Record<string, unknown>>
  readonly ip_allowlist: readonly string[] | null
  readonly ended: { readonly reason: Ended['reason']; readonly at: string } | null
  readonly retires_at: string | null
  readonly expires_at: string | null
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
    owner_id: record.ownerId,
    environment: record.environment,
    scopes: [...record.scopes].sort(),
    metadata: record.metadata,
    ip_allowlist: record.ipAllowlist?.entries ?? null,
    ended: ended === null ? null : { reason: ended.reason, at: ended.at.toISOString() },
    retires_at: retiresAt?.toISOString() ?? null,
    expires_at: expiresAt?.toISOString() ?? null,
  }
}

/**
 * Reads what came over the network. What is not exactly as expected is no record: a control that was not understood
 * must not be passed over.
 *
 * @throws TypeError that names the field
 */
export function recordFromWire(wire: unknown): CredentialRecord {
  const fields = objectOf(wire, 'record')
  if (fields.kind !== 'api_key') throw new TypeError('record.kind is not known to this version of the SDK')
  const allowlist =
    fields.ip_allowlist === null ? null : parseIpRanges(textsOf(fields.ip_allowlist, 'ip_allowlist'))
  if (allowlist !== null && 'notARange' in allowlist) throw new TypeError('record.ip_allowlist')
  return {
    kind: 'api_key',
    credentialId: textOf(fields.credential_id, 'credential_id'),
    keyId: textOf(fields.key_id, 'key_id'),
    ownerId: textOf(fields.owner_id, 'owner_id'),
    environment: textOf(fields.environment, 'environment'),
    scopes: new Set(textsOf(fields.scopes, 'scopes')),
    metadata: objectOf(fields.metadata, 'metadata'),
    ipAllowlist: allowlist,
    ended: endedOf(fields.ended),
    retiresAt: momentOf(fields.retires_at, 'retires_at'),
    expiresAt: momentOf(fields.expires_at, 'expires_at'),
  }
}

function endedOf(value: unknown): Ended | null {
  if (value === null) return null
  const { reason, at } = objectOf(value, 'ended')
  const moment = momentOf(at, 'ended.at')
  if (typeof reason !== 'string' || !ENDINGS.has(reason) || moment === null)
    throw new TypeError('record.ended')
  return { reason: reason as Ended['reason'], at: moment }
}

function objectOf(value: unknown, name: string): Record<string, unknown> {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new TypeError(`record.${name}`)
  return value as Record<string, unknown>
}

function textOf(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new TypeError(`record.${name}`)
  return value
}

function textsOf(value: unknown, name: string): string[] {
  if (!Array.isArray(value)) throw new TypeError(`record.${name}`)
  return value.map((each) => textOf(each, name))
}

function momentOf(value: unknown, name: string): Date | null {
  if (value === null) return null
  const at = new Date(textOf(value, name))
  if (Number.isNaN(at.getTime())) throw new TypeError(`record.${name}`)
  return at
}
