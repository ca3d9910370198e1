import { addSeconds } from '../../base/clock.ts'
import { forgetBefore } from '../../db/in-batches.ts'
import type { Db, Tx } from '../../db/schema.ts'
import type { AuthorizationCode } from './authorization-code.ts'

/** @param hash as of `hashCredential`; the code itself is not stored */
export async function insertCode(tx: Tx, hash: string, code: AuthorizationCode): Promise<void> {
  await tx
    .insertInto('authorization_codes')
    .values({
      hash: Buffer.from(hash, 'hex'),
      grant_id: code.grantId,
      client_id: code.clientId,
      redirect_uri: code.redirectUri,
      code_challenge: code.codeChallenge,
      scopes: [...code.scopes],
      resources: [...code.resources],
      created_at: code.createdAt,
      expires_at: code.expiresAt,
    })
    .execute()
}

/** Kept for a day after their expiry, so that the log can say why one was refused and a second use is noticed. */
const KEPT_SECONDS = 86_400

/** Deletes expired codes, in batches by index. */
export async function pruneAuthorizationCodes(db: Db, now: Date): Promise<void> {
  await forgetBefore(db, 'authorization_codes', 'expires_at', addSeconds(now, -KEPT_SECONDS))
}
