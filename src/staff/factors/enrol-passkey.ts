import type { PublicKeyCredentialCreationOptionsJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import { newId } from '../../base/id.ts'
import { no, type Result, yes } from '../../base/result.ts'
import type { Tx } from '../../db/schema.ts'
import type { Visit } from '../../pages/visit.ts'
import type { PresentedSession } from '../staff-session.store.ts'
import { type EnrolledFactor, finishEnrolment } from './finish-enrolment.ts'
import { holdOwnFactors, type NotHeld } from './hold-own-factors.ts'
import {
  credentialIdsOf,
  insertPasskey,
  type NewPasskey,
  type OpenChallenge,
  spendChallenge,
} from './passkey.store.ts'
import { mintChallenge, openChallenge } from './passkey-challenge.ts'
import { type PasskeyParts, parsed } from './prove-passkey.ts'
import { webAuthn } from './webauthn.ts'

/** Passkeys that one member may have. */
const MAX_PASSKEYS = 20

const purposeOf = ({ session }: PresentedSession) => `enrol ${session.id}`

/** Options of a new passkey (WebAuthn Level 3 §5.4): discoverable, verifies its user, and not one of the member's. */
export async function passkeyOptions(
  { db, relyingParty, challengeKey }: PasskeyParts,
  visit: Visit,
  own: PresentedSession,
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  const { id, staffId } = own.session
  const known = await credentialIdsOf(db, staffId)
  const { generateRegistrationOptions } = await webAuthn()
  return await generateRegistrationOptions({
    rpName: relyingParty.id,
    rpID: relyingParty.id,
    userID: new Uint8Array(Buffer.from(staffId)),
    userName: own.member.email,
    userDisplayName: own.member.name,
    challenge: new Uint8Array(Buffer.from(mintChallenge(challengeKey, visit, `enrol ${id}`), 'base64url')),
    attestationType: 'none',
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    excludeCredentials: known.map(({ credentialId }) => ({
      id: Buffer.from(credentialId).toString('base64url'),
    })),
  })
}

/** A passkey whose making was proved. */
export interface MadePasskey extends Omit<NewPasskey, 'id' | 'staffId' | 'name'> {
  readonly challenge: OpenChallenge
}

/** Checks a browser's answer (WebAuthn Level 3 §7.1). @returns null where it is refused */
export async function checkMadePasskey(
  { log, relyingParty, challengeKey }: PasskeyParts,
  visit: Visit,
  own: PresentedSession,
  answer: string,
): Promise<MadePasskey | null> {
  const response = parsed<RegistrationResponseJSON>(answer)
  if (response === null) return null
  const { verifyRegistrationResponse } = await webAuthn()
  let challenge: OpenChallenge | null = null
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response,
      expectedChallenge: (text) => {
        challenge = openChallenge(challengeKey, visit, purposeOf(own), text)
        return challenge !== null
      },
      expectedOrigin: relyingParty.origin,
      expectedRPID: relyingParty.id,
      requireUserVerification: true,
    })
    if (!verified || challenge === null) return null
    const { credential, credentialBackedUp } = registrationInfo
    return {
      challenge,
      credentialId: Buffer.from(credential.id, 'base64url'),
      publicKey: Buffer.from(credential.publicKey),
      counter: credential.counter,
      isBackedUp: credentialBackedUp,
      transports: transportsOf(credential.transports),
    }
  } catch (error) {
    log.info({ err: error, request_id: visit.requestId }, 'a new passkey was refused')
    return null
  }
}

/** The words of WebAuthn that a browser may send; another one is dropped. */
function transportsOf(given: unknown): string[] {
  const known = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb']
  return Array.isArray(given) ? known.filter((each) => given.includes(each)) : []
}

/** Enrols a passkey. All other sessions of the member end. */
export async function enrolPasskey(
  tx: Tx,
  visit: Visit,
  name: string,
  { challenge, ...made }: MadePasskey,
): Promise<Result<EnrolledFactor, NotHeld | 'refused'>> {
  const own = await holdOwnFactors(tx, visit)
  if (!own.ok) return own
  const { staffId } = own.value.session
  if ((await credentialIdsOf(tx, staffId)).length >= MAX_PASSKEYS) return no('refused')
  if (!(await spendChallenge(tx, challenge))) return no('refused')
  if (!(await insertPasskey(tx, { ...made, id: newId('fac'), staffId, name }, visit.now)))
    return no('refused')
  return yes(await finishEnrolment(tx, visit, own.value, { kind: 'passkey', name }))
}
