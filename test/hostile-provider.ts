import type { IncomingMessage, ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { openProviderFetch, type ProviderFetch } from '../src/outbound/provider-fetch.ts'
import { openTlsServer, selfSigned } from './tls-server.ts'

/** Differences from an honest identity provider. */
export interface Twist {
  /** Changes the metadata. */
  readonly metadata?: object
  /** Changes the claims of the ID token; `undefined` leaves one out. */
  readonly claims?: object
  /** Replaces the whole ID token. */
  readonly idToken?: (claims: object) => Promise<string | undefined>
  /** Answers a path by itself. */
  readonly answer?: Readonly<Record<string, (response: ServerResponse) => unknown>>
  /** Claims of the UserInfo endpoint. */
  readonly userInfo?: object
}

export interface HostileProvider {
  readonly issuer: string
  readonly fetch: ProviderFetch
  twist: Twist
  /** The nonce of the sign-in under way. */
  nonce: string
  /** Requests that have arrived: method, path, body. */
  readonly asked: string[]
  /** Signs claims with a key that is not in the key set, under the same name. */
  readonly signFalsely: (claims: object) => Promise<string>
  close(): void
}

/** Where the provider is silent. */
const SHORT_MS = 500
/** Where it answers, however busy the machine. */
const LONG_MS = 60_000

/** Answers nothing. */
export const silent = () => {}

/** Starts an identity provider that lies; null if openssl is missing. */
export async function openHostileProvider(nowMs: () => number): Promise<HostileProvider | null> {
  const pair = selfSigned()
  if (pair === null) return null
  const [ours, other] = await Promise.all([
    generateKeyPair('ES256', { extractable: true }),
    generateKeyPair('ES256'),
  ])
  const jwks = { keys: [{ ...(await exportJWK(ours.publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }] }
  const sign = (claims: object, key = ours.privateKey) =>
    new SignJWT({ ...claims }).setProtectedHeader({ alg: 'ES256', kid: 'k' }).sign(key)
  const asked: string[] = []
  const server = await openTlsServer(pair, (request, response) => void serve(request, response))
  const issuer = server.origin
  const within = (timeoutMs: number) =>
    openProviderFetch({ mayReach: (address) => address === '127.0.0.1', ca: pair.cert, timeoutMs })
  const [hasty, patient] = [within(SHORT_MS), within(LONG_MS)]
  const isSilent = () => Object.values(provider.twist.answer ?? {}).includes(silent)
  const provider: HostileProvider = {
    issuer,
    fetch: (...asked) => (isSilent() ? hasty : patient)(...asked),
    twist: {},
    nonce: '',
    asked,
    signFalsely: (claims) => sign(claims, other.privateKey),
    close: () => server.close(),
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? ''
    let body = ''
    for await (const part of request) body += String(part)
    asked.push(`${request.method} ${path} ${body}`)
    const { twist } = provider
    const own = twist.answer?.[path]
    if (own !== undefined) return void own(response)
    const send = (json: object) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(json))
    switch (path) {
      case '/.well-known/openid-configuration':
        return void send({
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/jwks`,
          userinfo_endpoint: `${issuer}/userinfo`,
          id_token_signing_alg_values_supported: ['ES256', 'HS256', 'none'],
          authorization_response_iss_parameter_supported: true,
          ...twist.metadata,
        })
      case '/jwks':
        return void send(jwks)
      case '/userinfo':
        return void send({ sub: 'ann', ...twist.userInfo })
      case '/token': {
        const now = Math.floor(nowMs() / 1000)
        const honest = { iss: issuer, sub: 'ann', aud: 'doorward', iat: now, exp: now + 60, auth_time: now }
        const claims = { ...honest, nonce: provider.nonce, ...twist.claims }
        const idToken = await (twist.idToken ?? sign)(claims)
        return void send({ access_token: 'at', token_type: 'Bearer', id_token: idToken })
      }
    }
  }
  return provider
}
