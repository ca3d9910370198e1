import { createHash } from 'node:crypto'
import { parseIpRanges } from '@doorward/sdk/kernel'
import { canonicalJson } from '../audit/audit-event.ts'
import type { StoredSecret } from '../secrets/secret.ts'
import type { LastAddress } from '../usage/last-address.store.ts'

/** A credential as remedies see it, before and after. Null where its kind has no such setting. */
export interface Standing {
  /** One that is not `works` is refused altogether. */
  readonly state: string
  readonly works: boolean
  readonly scopes: readonly string[] | null
  readonly ipAllowlist: readonly string[] | null
  readonly expiresAt: Date | null
  /** The end of the overlap, where a rotation runs. */
  readonly oldSecretEndsAt: Date | null
  readonly secrets: readonly StoredSecret[]
}

/** Use of a credential in the last days. */
export interface Uses {
  readonly addresses: readonly LastAddress[]
  /** Last day on which each scope was exercised. */
  readonly lastDayOf: ReadonlyMap<string, Date>
  /** Accepted calls in the last day; null where they are not counted. */
  readonly acceptedLastDay: number | null
  readonly lastUsedAt: Date | null
  /** Grants that end too; null where there can be none. */
  readonly grants: { readonly count: number; readonly atLeast: boolean } | null
}

export interface LostScope {
  readonly scope: string
  readonly lastDay: Date | null
}

/** Calls of the last days that a remedy would have refused. */
export interface Refused {
  /** When the refusals begin; null: nothing is refused. */
  readonly from: Date | null
  readonly scopes: readonly LostScope[]
  readonly callers: readonly LastAddress[]
}

/** The difference that a remedy makes to callers, read off the credential before and after it. */
export function refusedBy(before: Standing, after: Standing, uses: Uses, now: Date): Refused {
  const accepted = uses.addresses.filter(({ outcome }) => outcome === 'accepted')
  const moments: Date[] = []
  const lost = new Set<LastAddress>()
  const lose = (from: Date, callers: readonly LastAddress[]) => {
    moments.push(from)
    for (const caller of callers) lost.add(caller)
  }

  if (before.works && !after.works) lose(now, accepted)
  for (const secret of before.secrets) {
    const [was, is] = [endOf(secret), endOf(after.secrets.find(({ id }) => id === secret.id) ?? secret)]
    if (is === null || (was !== null && was <= is)) continue
    lose(
      is,
      accepted.filter(({ secretId }) => secretId === secret.id),
    )
  }
  const outside = callersOutside(before, after, accepted)
  if (outside.length > 0) lose(now, outside)
  const scopes = scopesLost(before, after, uses)
  if (scopes.length > 0) moments.push(now)

  const from = moments.toSorted((a, b) => Number(a) - Number(b))[0] ?? null
  return { from, scopes, callers: uses.addresses.filter((caller) => lost.has(caller)) }
}

function scopesLost(before: Standing, after: Standing, { lastDayOf }: Uses): LostScope[] {
  return (before.scopes ?? [])
    .filter((scope) => after.scopes?.includes(scope) === false)
    .map((scope) => ({ scope, lastDay: lastDayOf.get(scope) ?? null }))
}

function callersOutside(
  before: Standing,
  after: Standing,
  accepted: readonly LastAddress[],
): readonly LastAddress[] {
  if (after.ipAllowlist === null || after.ipAllowlist === before.ipAllowlist) return []
  const ranges = parseIpRanges(after.ipAllowlist)
  return 'notARange' in ranges ? accepted : accepted.filter(({ ip }) => !ranges.includes(ip))
}

/** The first of the moments at which a secret stops working. */
function endOf({ expiresAt, retiresAt, retiredAt, revokedAt }: StoredSecret): Date | null {
  const ends = [expiresAt, retiresAt, retiredAt, revokedAt].filter((at) => at !== null)
  return ends.toSorted((a, b) => Number(a) - Number(b))[0] ?? null
}

/**
 * Fingerprint of all that a dry run showed and that a person decides by. Moments that move with the clock and numbers of
 * calls are not in it: of a key in use they differ at each look.
 */
export function effectToken(
  what: Readonly<Record<string, unknown>>,
  before: Standing,
  after: Standing,
  { scopes, callers }: Refused,
): string {
  const pins = after.ipAllowlist !== before.ipAllowlist
  const shown = {
    what,
    before: { ...settingsOf(before), expiresAt: before.expiresAt },
    after: settingsOf(after),
    secrets: before.secrets.map(({ id }) => id).sort(),
    scopes,
    outside: pins ? callers.map(({ secretId, ip }) => `${secretId} ${ip}`).sort() : [],
  }
  return createHash('sha256').update(canonicalJson(shown)).digest('base64url')
}

function settingsOf({ state, scopes, ipAllowlist }: Standing) {
  return { state, scopes, ipAllowlist }
}
