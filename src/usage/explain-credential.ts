import { addressOfHop, type CredentialRecord, judge, type Verdict } from '@doorward/sdk/kernel'
import { no, type Result, yes } from '../base/result.ts'
import type { Db } from '../db/schema.ts'
import { NOT_FOUND, type Problem, problem } from '../http/problem.ts'
import { findKey } from '../keys/key.store.ts'
import type { Key } from '../keys/key.ts'
import { type Caller, covers, coversEnvironment } from '../management/caller.ts'
import { hashOfSecret } from '../secrets/secret.store.ts'
import { currentSecret } from '../secrets/secret.ts'
import { recordByHash } from '../verification/record.store.ts'
import type { Verification } from '../verification/verify.ts'

/** A call that was refused, as far as it is known. */
export interface AskedCall {
  readonly scopes?: readonly string[] | undefined
  readonly environment?: string | undefined
  readonly resource?: string | undefined
  readonly clientIp?: string | undefined
}

export type NotChecked = 'scopes' | 'environment' | 'resource' | 'client_ip' | 'limits'

/** Explanation of a credential. One that is out of reach gets the same as one that does not exist. */
export interface Explained {
  readonly kind: CredentialRecord['kind'] | null
  readonly credentialId: string | null
  readonly verdict: Verdict
  readonly key: Key | null
  /** Parts of a real call that were not given here, and so were not judged. */
  readonly notChecked: readonly NotChecked[]
}

export interface ExplainParts {
  readonly verification: Verification
  readonly onUnreadable: (error: Error) => void
}

/** Judges a credential by its hash as a verifier would now, by the same rules. */
export async function explainByHash(
  db: Db,
  caller: Caller,
  { verification, onUnreadable }: ExplainParts,
  hash: string,
  call: AskedCall,
): Promise<Result<Explained, Problem>> {
  const { environment } = call
  const asked = environment === undefined ? {} : { environment }
  const fault = verification.whyNot({ credential_sha256: hash, ...asked })
  if (fault !== null) return no(fault)
  const clientIp = addressOfHop(call.clientIp)
  if (call.clientIp !== undefined && clientIp === null)
    return no(problem('invalid_request', '`client_ip` is not an IP address.'))

  const found = await recordByHash(db, hash, caller.now, onUnreadable)
  const record = found !== null && isWithinReach(caller, found) ? found : null
  const isAllowlistSkipped = record?.ipAllowlist != null && call.clientIp === undefined
  const verdict = judge(
    record === null || !isAllowlistSkipped ? record : { ...record, ipAllowlist: null },
    {
      scopes: call.scopes ?? [],
      environment: environment === undefined || environment === '*' ? null : environment,
      resource: call.resource ?? null,
      clientIp,
    },
    caller.now.getTime(),
  )
  // An undeclared scope or API is a mistake in the question, not in the key.
  const undeclared = await verification.whyUndeclared(verdict)
  if (undeclared !== null) return no(undeclared)
  const key = record?.keyId == null ? undefined : await findKey(db, caller.reach, record.keyId)
  return yes({
    kind: record?.kind ?? null,
    credentialId: record?.credentialId ?? null,
    verdict,
    key: key ?? null,
    notChecked: record === null ? [] : [...notCheckedOf(record, call, isAllowlistSkipped)],
  })
}

/** The same for the current secret of a key. */
export async function explainKey(
  db: Db,
  caller: Caller,
  parts: ExplainParts,
  keyId: string,
  call: AskedCall,
): Promise<Result<Explained, Problem>> {
  const key = await findKey(db, caller.reach, keyId)
  const hash = key && (await hashOfSecret(db, currentSecret(key.secrets).id))
  return hash === undefined ? no(NOT_FOUND) : await explainByHash(db, caller, parts, hash, call)
}

/** A token tells of a user's consent, so it takes the permission for that. */
function isWithinReach(
  { reach, permissions }: Caller,
  { kind, ownerId, environment }: CredentialRecord,
): boolean {
  const isCovered = covers(reach, ownerId) && coversEnvironment(reach, environment)
  return isCovered && (kind === 'api_key' || permissions.has('grants:read'))
}

function* notCheckedOf(
  { audiences, limits }: CredentialRecord,
  call: AskedCall,
  isAllowlistSkipped: boolean,
): Generator<NotChecked> {
  if (call.scopes === undefined) yield 'scopes'
  if (call.environment === undefined) yield 'environment'
  if (audiences !== null && call.resource === undefined) yield 'resource'
  if (isAllowlistSkipped) yield 'client_ip'
  if (limits !== null) yield 'limits'
}
