import { hashCredential, mintCredential } from '../credential/credential.ts'
import { type IpRanges, parseIpRanges } from '../verdict/ip-ranges.ts'
import type { LimitState } from '../verdict/limits.ts'
import type { CredentialRecord } from '../verdict/record.ts'
import type { CredentialSource } from './source.ts'

/** The time of the tests. */
export const NOW = Date.parse('2026-03-01T12:00:00Z')

export function at(offsetSeconds: number): Date {
  return new Date(NOW + offsetSeconds * 1000)
}

/** An active key of `org_1` in `live` that may read orders, with differences. */
export function aRecord(different: Partial<CredentialRecord> = {}): CredentialRecord {
  return {
    kind: 'api_key',
    credentialId: 'sec_1',
    keyId: 'key_1',
    clientId: null,
    userId: null,
    audiences: null,
    ownerId: 'org_1',
    environment: 'live',
    scopes: new Set(['orders:read']),
    metadata: {},
    ipAllowlist: null,
    limits: null,
    ended: null,
    retiresAt: null,
    expiresAt: null,
    ...different,
  }
}

/** A rate limit that is used up, with differences. */
export function aLimit(different: Partial<LimitState> = {}): LimitState {
  return {
    kind: 'rate_limit',
    of: 'key',
    name: 'burst',
    limit: 100,
    windowSeconds: 60,
    remaining: 0,
    resetSeconds: 7,
    ...different,
  }
}

export function ranges(...entries: string[]): IpRanges {
  const parsed = parseIpRanges(entries)
  if ('notARange' in parsed) throw new Error(parsed.notARange)
  return parsed
}

/** A source in memory that records the lookups. */
export class Records implements CredentialSource {
  readonly questions: (readonly string[])[] = []
  readonly #records = new Map<string, CredentialRecord>()
  /** Where set, every lookup rejects with it. */
  failure: Error | null = null

  /** Returns a new secret for a record. */
  add(different: Partial<CredentialRecord> = {}): string {
    const text = mintCredential('api_key', { environment: different.environment ?? 'live' }).reveal()
    this.put(text, aRecord(different))
    return text
  }

  put(text: string, record: CredentialRecord): void {
    this.#records.set(hashCredential(text), record)
  }

  async lookup(hashes: readonly string[]): Promise<(CredentialRecord | null)[]> {
    this.questions.push(hashes)
    if (this.failure !== null) throw this.failure
    return hashes.map((hash) => this.#records.get(hash) ?? null)
  }
}

/** A well-formed key without a record. */
export function unknownKey(environment = 'live'): string {
  return mintCredential('api_key', { environment }).reveal()
}
