import { pastItsEnd } from './lifetime.ts'
import type { LimitState } from './limits.ts'
import type { CredentialRecord, Principal } from './record.ts'
import type { Refusal } from './refusal.ts'

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

/** `limits`: where the limits of the credential stand after this call, if it has any and came as far. */
export type Verdict =
  | { readonly valid: true; readonly principal: Principal; readonly limits?: readonly LimitState[] }
  | { readonly valid: false; readonly refusal: Refusal; readonly limits?: readonly LimitState[] }

/**
 * May this credential do this, here, now? Pure, and the only place that answers. How much it may is counted, and asked
 * after this: `how-much.ts`.
 *
 * The order is part of the promise: known → alive → here → allowed. A dead credential never learns which scope it
 * lacked, and one from the wrong place never learns what it may do.
 *
 * @param nowMs milliseconds since the epoch
 */
export function judge(record: CredentialRecord | null, ask: Ask, nowMs: number): Verdict {
  if (record === null) return refuse({ reason: 'unknown' })

  const ended = record.ended ?? pastItsEnd(record, nowMs)
  if (ended !== null) return refuse(ended)

  if (ask.environment !== null && record.environment !== ask.environment)
    return refuse({ reason: 'environment_mismatch', actual: record.environment, expected: ask.environment })
  const { audiences } = record
  if (audiences !== null && ask.resource != null && !audiences.includes(ask.resource))
    return refuse({ reason: 'wrong_audience', audiences, expected: ask.resource })
  if (record.ipAllowlist !== null && !record.ipAllowlist.includes(ask.clientIp))
    return refuse({ reason: 'ip_not_allowed', clientIp: ask.clientIp })

  for (const scope of ask.scopes)
    if (!record.scopes.has(scope)) {
      const missing = ask.scopes.filter((each) => !record.scopes.has(each))
      return refuse({ reason: 'missing_scope', missing, required: ask.scopes })
    }

  return { valid: true, principal: principalOf(record) }
}

function refuse(refusal: Refusal): Verdict {
  return { valid: false, refusal }
}

function principalOf(record: CredentialRecord): Principal {
  return {
    kind: record.kind,
    credentialId: record.credentialId,
    keyId: record.keyId,
    clientId: record.clientId,
    userId: record.userId,
    ownerId: record.ownerId,
    scopes: record.scopes,
    environment: record.environment,
    expiresAt: record.expiresAt,
    metadata: record.metadata,
  }
}
