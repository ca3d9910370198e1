import type { Tx } from '../db/schema.ts'
import type { AuthorizationCode } from './authorization-code.ts'

/** @param hash of the code's text, as `hashCredential` has it: the text itself is not kept */
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

/** Takes a code back that nobody has redeemed. @param hash 64 hex digits */
export async function takeBackCode(tx: Tx, hash: string): Promise<void> {
  await tx
    .deleteFrom('authorization_codes')
    .where('hash', '=', Buffer.from(hash, 'hex'))
    .where('spent_at', 'is', null)
    .execute()
}
