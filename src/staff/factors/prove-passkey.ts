import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server'
import { no, type Result, yes } from '../../base/result.ts'
import type { Db, Tx } from '../../db/schema.ts'
import type { Logger } from '../../http/log.ts'
import type { Visit } from '../../pages/visit.ts'
import {
  credentialIdsOf,
  findPasskey,
  notePasskeyUse,
  type OpenChallenge,
  type StoredPasskey,
  spendChallenge,
} from './passkey.store.ts'
import { mintChallenge, openChallenge } from './passkey-challenge.ts'
import type { RelyingParty } from './relying-party.ts'
import { webAuthn } from './webauthn.ts'

export interface PasskeyParts {
  readonly db: Db
  readonly log: Logger
  readonly relyingParty: RelyingParty
  /** Key of the challenges. */
  readonly challengeKey: Buffer
}

/** A passkey whose answer is right; it is spent in the transaction that relies on it. */
export interface FoundPasskey {
  readonly staffId: string
  readonly by: 'passkey'
  /** @returns null where the answer was used before, or the passkey was removed meanwhile */
  spend(tx: Tx): Promise<'passkey' | null>
}

/**
 * Options of the browser's request for a passkey (WebAuthn Level 3 §5.5), with a new challenge.
 *
 * @param staffId the member whose passkeys are accepted; null: every passkey for this host
 */
export async function requestOptions(
  { db, relyingParty, challengeKey }: PasskeyParts,
  visit: Visit,
  purpose: string,
  staffId: string | null,
): Promise<PublicKeyCredentialRequestOptionsJSON> {
  const known = staffId === null ? [] : await credentialIdsOf(db, staffId)
  const { generateAuthenticationOptions } = await webAuthn()
  return await generateAuthenticationOptions({
    rpID: relyingParty.id,
    challenge: new Uint8Array(Buffer.from(mintChallenge(challengeKey, visit, purpose), 'base64url')),
    userVerification: 'required',
    allowCredentials: known.map(({ credentialId }) => ({
      id: Buffer.from(credentialId).toString('base64url'),
    })),
  })
}

/** A browser's answer to a challenge. */
export interface PasskeyAnswer {
  /** Purpose of the challenge: a sign-in, or one session's confirmation. */
  readonly purpose: string
  /** The member who is signed in; null: the answer says who it is. */
  readonly staffId: string | null
  /** JSON, as the browser made it. */
  readonly text: string
}

/**
 * Checks a browser's answer (WebAuthn Level 3 §7.2). The authenticator must have verified its user: only then is a passkey
 * two factors.
 */
export async function findPasskeyOf(
  parts: PasskeyParts,
  visit: Visit,
  { purpose, staffId, text }: PasskeyAnswer,
): Promise<Result<FoundPasskey, 'wrong'>> {
  const response = parsed<AuthenticationResponseJSON>(text)
  if (response === null) return no('wrong')
  const passkey = await findPasskey(parts.db, Buffer.from(response.id, 'base64url'))
  if (passkey === undefined || passkey.staffId !== (staffId ?? passkey.staffId)) return no('wrong')
  // The user handle is the member's id. An authenticator may leave it out where it was told which passkeys are meant.
  const handle = response.response?.userHandle ?? (staffId === null ? '' : null)
  if (handle !== null && Buffer.from(String(handle), 'base64url').toString() !== passkey.staffId)
    return no('wrong')
  const checked = await check(parts, visit, purpose, response, passkey)
  if (checked === null) return no('wrong')
  const { challenge, ...use } = checked
  const spend = async (tx: Tx) =>
    (await spendChallenge(tx, challenge)) && (await notePasskeyUse(tx, passkey.id, use, visit.now))
      ? ('passkey' as const)
      : null
  return yes({ staffId: passkey.staffId, by: 'passkey', spend })
}

async function check(
  { log, relyingParty, challengeKey }: PasskeyParts,
  visit: Visit,
  purpose: string,
  response: AuthenticationResponseJSON,
  { credentialId, publicKey, counter, isBackedUp }: StoredPasskey,
): Promise<{ challenge: OpenChallenge; counter: number; isBackedUp: boolean } | null> {
  const { verifyAuthenticationResponse } = await webAuthn()
  let challenge: OpenChallenge | null = null
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: (text) => {
        challenge = openChallenge(challengeKey, visit, purpose, text)
        return challenge !== null
      },
      expectedOrigin: relyingParty.origin,
      expectedRPID: relyingParty.id,
      requireUserVerification: true,
      credential: {
        id: Buffer.from(credentialId).toString('base64url'),
        publicKey: new Uint8Array(publicKey),
        // A passkey that is synchronised between devices has no counter that means anything.
        counter: isBackedUp ? 0 : counter,
      },
    })
    if (!verified || challenge === null) return null
    const { newCounter, credentialBackedUp } = authenticationInfo
    return { challenge, counter: newCounter, isBackedUp: credentialBackedUp }
  } catch (error) {
    // The library throws for every fault of an answer, whose bytes are a stranger's.
    log.info({ err: error, request_id: visit.requestId }, 'a passkey was refused')
    return null
  }
}

/** Parses a credential that a browser sent; null where it is none by its form. */
export function parsed<T extends { readonly id: string }>(text: string): T | null {
  try {
    const value: unknown = JSON.parse(text)
    const isCredential =
      typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string'
    return isCredential ? (value as T) : null
  } catch {
    return null
  }
}
