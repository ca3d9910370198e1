import { pastItsEnd } from './lifetime.ts'
import type { LimitState } from './limits.ts'
import { type CredentialRecord, type Principal, type Terms, toPrincipal } from './record.ts'
import type { Ended, Refusal } from './refusal.ts'
import { isForResource } from './resource.ts'
import { viewOf } from './scopes-view.ts'

/** The requirements of a request for its credential. */
export interface Ask {
  /** All are required; with none, any active credential will do. */
  readonly scopes: readonly string[]
  /** Null: any, for callers that separate environments themselves. */
  readonly environment: string | null
  /** The identifier of the API that asks; tokens for others are refused. Null or missing: audiences are not compared. */
  readonly resource?: string | null | undefined
  /** From trusted proxies only; null where it is not known, which no allow-list contains. */
  readonly clientIp: string | null
}

/**
 * `limits`: the state of the credential's limits after this call, if it has any and they were reached. `giveBack`: makes
 * the units of the call available again, where it is refused for another reason later. `retiresAt`: the end of the overlap,
 * where the secret is being replaced.
 */
export type Verdict =
  | {
      readonly valid: true
      readonly principal: Principal
      readonly retiresAt?: Date
      readonly limits?: readonly LimitState[]
      readonly giveBack?: () => void
    }
  | { readonly valid: false; readonly refusal: Refusal; readonly limits?: readonly LimitState[] }

/**
 * Returns why a known credential may not do this here, or null where it may. Pure, and the only implementation. Limits are
 * counted after this, in `how-much.ts`.
 *
 * The order is guaranteed: known → alive → here → allowed. An inactive credential does not reveal which scope it lacks,
 * and one in the wrong environment does not reveal its scopes.
 *
 * @param ended why it is not active any more
 */
export function whyNot(terms: Terms, ended: Ended | null, ask: Ask): Refusal | null {
  if (ended !== null) return ended

  if (ask.environment !== null && terms.environment !== ask.environment)
    return { reason: 'environment_mismatch', actual: terms.environment, expected: ask.environment }
  const { audiences } = terms
  if (audiences !== null && ask.resource != null && !isForResource(audiences, ask.resource))
    return { reason: 'wrong_audience', audiences, expected: ask.resource }
  if (terms.ipAllowlist !== null && !terms.ipAllowlist.includes(ask.clientIp))
    return { reason: 'ip_not_allowed', clientIp: ask.clientIp }

  for (const scope of ask.scopes)
    if (!terms.scopes.has(scope)) {
      const missing = ask.scopes.filter((each) => !terms.scopes.has(each))
      return { reason: 'missing_scope', missing, required: ask.scopes }
    }
  return null
}

/**
 * Judges whether the credential of a record may do this, here, now.
 *
 * @param nowMs milliseconds since the epoch
 */
export function judge(record: CredentialRecord | null, ask: Ask, nowMs: number): Verdict {
  if (record === null) return { valid: false, refusal: { reason: 'unknown' } }
  const refusal = whyNot(record, record.ended ?? pastItsEnd(record, nowMs), ask)
  if (refusal !== null) return { valid: false, refusal }
  const { credentialId, keyId, expiresAt, retiresAt } = record
  const principal = toPrincipal(record, viewOf(record.scopes), credentialId, keyId, expiresAt)
  return retiresAt === null ? { valid: true, principal } : { valid: true, principal, retiresAt }
}
