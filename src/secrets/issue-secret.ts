import {
  type CredentialKind,
  hashCredential,
  mintCredential,
  parseCredential,
  type Secret,
} from '@doorward/sdk/kernel'
import { newId } from '../base/id.ts'
import type { Tx } from '../db/schema.ts'
import { insertSecret } from './secret.store.ts'

/** The secret to mint: kind, holder and expiry. */
export interface SecretRequest {
  readonly kind: Extract<CredentialKind, 'api_key' | 'admin_key' | 'client_secret'>
  readonly holderId: string
  readonly environment: string | null
  readonly brand: string | null
  readonly expiresAt: Date | null
  /** The key gives it to itself. Default false. */
  readonly isSelfIssued?: boolean
}

/** Mints a secret and stores its hash. The plain text exists in the return value only. */
export async function issueSecret(
  tx: Tx,
  request: SecretRequest,
  now: Date,
): Promise<{ id: string; hint: string; secret: Secret }> {
  const secret = mintCredential(request.kind, { environment: request.environment, brand: request.brand })
  return { ...(await storeSecret(tx, secret, request, now)), secret }
}

/** Stores a secret that was minted elsewhere, such as an operator's own first admin key. */
export async function storeSecret(
  tx: Tx,
  secret: Secret,
  {
    holderId,
    expiresAt,
    isSelfIssued = false,
  }: Pick<SecretRequest, 'holderId' | 'expiresAt' | 'isSelfIssued'>,
  now: Date,
): Promise<{ id: string; hint: string }> {
  const hint = parseCredential(secret.reveal())?.hint
  if (hint === undefined) throw new Error('a secret that is stored must be well-formed')
  const id = newId('sec')
  await insertSecret(tx, {
    id,
    holderId,
    hint,
    hash: hashCredential(secret.reveal()),
    createdAt: now,
    expiresAt,
    isSelfIssued,
  })
  return { id, hint }
}
