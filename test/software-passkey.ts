import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { JarAnswer } from './cookie-jar.ts'

/** An authenticator in software, which can also answer what no real one would. */
export interface SoftwarePasskey {
  readonly id: string
  /** Answers `navigator.credentials.create`. */
  create(options: CreationOptions, change?: Deviation): string
  /** Answers `navigator.credentials.get`. */
  get(options: RequestOptions, change?: Deviation): string
}

interface CreationOptions {
  readonly challenge: string
  readonly rp: { readonly id?: string }
  readonly user: { readonly id: string }
}

interface RequestOptions {
  readonly challenge: string
  readonly rpId?: string
}

/** Faults of an answer. */
export interface Deviation {
  readonly origin?: string
  readonly rpId?: string
  readonly type?: string
  readonly challenge?: string
  readonly isUserVerified?: boolean
  readonly isUserPresent?: boolean
  readonly counter?: number
  readonly userHandle?: string | null
  /** Signed by another key. */
  readonly isForged?: boolean
}

const b64 = (bytes: Buffer | string) => Buffer.from(bytes).toString('base64url')
const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest()

export function softwarePasskey(origin: string): SoftwarePasskey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const id = randomBytes(32)
  let handle = ''

  const clientData = (type: string, challenge: string, change: Deviation) =>
    Buffer.from(
      JSON.stringify({
        type: change.type ?? type,
        challenge: change.challenge ?? challenge,
        origin: change.origin ?? origin,
        crossOrigin: false,
      }),
    )
  /** Authenticator data (WebAuthn Level 3 §6.1). */
  const authData = (rpId: string, change: Deviation, attested: Buffer | null) => {
    const { isUserPresent = true, isUserVerified = true, counter = 0 } = change
    const flags = (isUserPresent ? 1 : 0) | (isUserVerified ? 4 : 0) | (attested === null ? 0 : 64)
    const tail = Buffer.alloc(5)
    tail.writeUInt8(flags)
    tail.writeUInt32BE(counter, 1)
    return Buffer.concat([sha256(change.rpId ?? rpId), tail, attested ?? Buffer.alloc(0)])
  }
  /** COSE key of ES256: kty, alg, crv, x, y. */
  const coseKey = () => {
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
    return Buffer.concat([
      Buffer.from('a5010203262001215820', 'hex'),
      Buffer.from(x, 'base64url'),
      Buffer.from('225820', 'hex'),
      Buffer.from(y, 'base64url'),
    ])
  }
  const credential = (response: object) =>
    JSON.stringify({ id: b64(id), rawId: b64(id), type: 'public-key', clientExtensionResults: {}, response })

  return {
    id: b64(id),
    create: ({ challenge, rp, user }, change = {}) => {
      handle = user.id
      const attested = Buffer.concat([Buffer.alloc(16), Buffer.from([0, id.length]), id, coseKey()])
      const data = authData(rp.id ?? '', change, attested)
      const attestationObject = Buffer.concat([
        Buffer.from('a363666d74646e6f6e656761747453746d74a068617574684461746159', 'hex'),
        Buffer.from([data.length >> 8, data.length & 255]),
        data,
      ])
      return credential({
        clientDataJSON: b64(clientData('webauthn.create', challenge, change)),
        attestationObject: b64(attestationObject),
        transports: ['internal'],
      })
    },
    get: ({ challenge, rpId = '' }, change = {}) => {
      const data = authData(rpId, change, null)
      const client = clientData('webauthn.get', challenge, change)
      const key = change.isForged === true ? other : privateKey
      return credential({
        clientDataJSON: b64(client),
        authenticatorData: b64(data),
        signature: b64(sign('sha256', Buffer.concat([data, sha256(client)]), key)),
        userHandle: change.userHandle === undefined ? handle : change.userHandle,
      })
    },
  }
}

/** The options on a page that asks for a passkey. */
export function optionsOn({ text, status }: JarAnswer): unknown {
  const found = /data-options="([^"]*)"/.exec(text)?.[1]
  if (found === undefined) throw new Error(`no options on the page: ${status}`)
  return JSON.parse(found.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&'))
}
