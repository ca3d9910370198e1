import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { hashCredential } from '@doorward/sdk/kernel'
import { SignJWT } from 'jose'
import type { AuthMethod, Client, FoundClient, JsonWebKeySet } from '../client.ts'
import { readKeySet } from '../client-keys.ts'
import { authenticateClient, type ClientKnowledge } from './authenticate-client.ts'

export const ISSUER = 'https://auth.example.com'
export const NOW = new Date('2030-01-01T00:00:00.000Z')
export const NOW_SECONDS = NOW.getTime() / 1000
export const ID = 'cli_4eNabc'
export const SECRET = 'cs_live_made-up'
export const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

export const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const ed = generateKeyPairSync('ed25519')
export const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })

function keySet(...keys: { publicKey: KeyObject }[]): JsonWebKeySet {
  const read = readKeySet({ keys: keys.map(({ publicKey }) => publicKey.export({ format: 'jwk' })) })
  if ('fault' in read) throw new Error(read.fault)
  return read
}

export function client(method: AuthMethod, more: Partial<Client> = {}): Client {
  return {
    id: ID,
    ownerId: null,
    type: method === 'none' ? 'public' : 'confidential',
    environment: 'live',
    source: 'registered',
    ceilingSetByOperator: false,
    name: 'An app',
    description: null,
    clientUri: null,
    logoUri: null,
    policyUri: null,
    tosUri: null,
    redirectUris: ['https://app.example.com/cb'],
    grantTypes: ['authorization_code'],
    tokenEndpointAuthMethod: method,
    eitherSecretMethod: false,
    jwks: method === 'private_key_jwt' ? keySet(rsa, ec, ed) : null,
    jwksUri: null,
    requiredScopes: [],
    optionalScopes: [],
    clientCredentialsScopes: [],
    firstParty: false,
    testers: [],
    refreshGraceSeconds: 60,
    createdBy: 'adm_1',
    createdAt: NOW,
    publishedAt: NOW,
    suspendedAt: null,
    suspendedReason: null,
    suspendedByProvider: false,
    revokedAt: null,
    revokedReason: null,
    ownerSuspendedAt: null,
    ...more,
  }
}

const LIVING = {
  id: 'sec_1',
  expiresAt: null,
  retiresAt: null,
  retiredAt: null,
  revokedAt: null,
  lastUsedAt: null,
}

/** One client and its secrets by their text, and what was asked, spent and noted. */
export function world(
  of: Client,
  secrets: Record<string, Partial<FoundClient['secret'] & object>> = { [SECRET]: {} },
) {
  const told = {
    found: [] as (string | null)[],
    spent: new Set<string>(),
    noted: [] as string[],
    fetched: [] as string[],
  }
  const byHash = new Map(
    Object.entries(secrets).map(([text, more]) => [hashCredential(text), { ...LIVING, ...more }]),
  )
  const knowledge: ClientKnowledge = {
    issuer: ISSUER,
    find: async (clientId, hash) => {
      told.found.push(hash)
      return clientId === of.id ? { client: of, secret: byHash.get(hash ?? '') ?? null } : null
    },
    spend: async (clientId, { jti }) => {
      const fresh = !told.spent.has(`${clientId} ${jti}`)
      told.spent.add(`${clientId} ${jti}`)
      return fresh
    },
    mayAttempt: () => true,
    recordProof: () => {},
    recordUse: async (id) => void told.noted.push(id),
    fetchKeys: async ({ jwksUri: uri }) => {
      told.fetched.push(uri)
      return uri.includes('down') ? null : keySet(ec)
    },
  }
  const ask = async (
    authorization: string | readonly string[] | null,
    form: Record<string, string> | [string, string][] = {},
    now = NOW,
  ) => {
    const headers = authorization === null ? [] : [authorization].flat()
    const request = { authorization: headers, form: new URLSearchParams(form) }
    const result = await authenticateClient(knowledge, request, { now, ip: '192.0.2.1', userAgent: 'app/1' })
    return result.ok ? `${result.value.client.id} by ${result.value.secretId}` : result.no
  }
  return { told, ask }
}

export const base64 = (text: string) => Buffer.from(text).toString('base64')
export const basic = (id: string, secret: string) => `Basic ${base64(`${id}:${secret}`)}`
export const why = (answer: unknown) => (answer as { reason?: string }).reason ?? answer

export const claims = () => ({
  iss: ID,
  sub: ID,
  aud: ISSUER,
  exp: NOW_SECONDS + 60,
  iat: NOW_SECONDS,
  jti: randomUUID(),
})

/** The form fields of a signed assertion. */
export async function assertionOf(
  more: Record<string, unknown> = {},
  key: { privateKey: KeyObject } = ec,
  header: Record<string, unknown> = {},
) {
  const alg = key === rsa ? 'RS256' : key === ed ? 'EdDSA' : 'ES256'
  const body = Object.fromEntries(
    Object.entries({ ...claims(), ...more }).filter(([, value]) => value !== undefined),
  )
  const jwt = await new SignJWT(body).setProtectedHeader({ alg, ...header }).sign(key.privateKey)
  return { client_assertion_type: JWT_BEARER, client_assertion: jwt }
}

/** A token put together by hand, with any header. */
export function byHand(header: object, body: object, signed: (input: string) => Buffer | string) {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${part(header)}.${part(body)}`
  return {
    client_assertion_type: JWT_BEARER,
    client_assertion: `${input}.${Buffer.from(signed(input)).toString('base64url')}`,
  }
}
