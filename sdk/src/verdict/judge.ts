import { pastItsEnd } from './lifetime.ts'
import type { LimitState } from './limits.ts'
import { type CredentialRecord, type Principal, type Terms, toPrincipal } from './record.ts'
import type { Ended, Refusal } from './refusal.ts'
import { viewOf } from './scopes-view.ts'

/** What a request asks of a credential. */
export interface Ask {
  /** All of these; none means that any live credential will do. */
  readonly scopes: readonly string[]
  /** Null: any; only for callers that keep environments apart by themselves. */
  readonly environment: string | null
  /** The identifier of the API that asks; what is for others is refused. Null or missing: not asked. */
  readonly resource?: string | null | undefined
  /** From a trusted-proxy chain only; null where it is not known, which no allow-list contains. */
  readonly clientIp: string | null
}

/**
 * `limits`: where the limits of the credential stand after this call, if it has any and came as far. `giveBack`: makes
 * what the call took of them available again, because it is refused for another reason after all.
 */
export type Verdict =
  | {
      readonly valid: true
      readonly principal: Principal
      readonly limits?: readonly LimitState[]
      readonly giveBack?: () => void
    }
  | { readonly valid: false; readonly refusal: Refusal; readonly limits?: readonly LimitState[] }

/**
 * Why a credential that is known may not do this here, or null where it may. Pure, and the only place that answers. How
 * much it may is counted, and asked after this: `how-much.ts`.
 *
 * The order is part of the promise: known → alive → here → allowed. A dead credential never learns which scope it
 * lacked, and one from the wrong place never learns what it may do.
 *
 * @param ended why it is over by now
 */
export function whyNot(terms: Terms, ended: Ended | null, ask: Ask): Refusal | null {
  if (ended !== null) return ended

  if (ask.environment !== null && terms.environment !== ask.environment)
    return { reason: 'environment_mismatch', actual: terms.environment, expected: ask.environment }
  const { audiences } = terms
  if (audiences !== null && ask.resource != null && !audiences.includes(ask.resource))
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
 * May the credential of this record do this, here, now?
 *
 * @param nowMs milliseconds since the epoch
 */
export function judge(record: CredentialRecord | null, ask: Ask, nowMs: number): Verdict {
  if (record === null) return { valid: false, refusal: { reason: 'unknown' } }
  const refusal = whyNot(record, record.ended ?? pastItsEnd(record, nowMs), ask)
  if (refusal !== null) return { valid: false, refusal }
  const { credentialId, keyId, expiresAt } = record
  return {
    valid: true,
    principal: toPrincipal(record, viewOf(record.scopes), credentialId, keyId, expiresAt),
  }
}
