import type { Secret } from '@doorward/sdk/kernel'
import * as oidc from 'openid-client'
import type { Clock } from '../../base/clock.ts'
import { no, type Result, yes } from '../../base/result.ts'
import { Semaphore, SemaphoreTimeoutError } from '../../base/semaphore.ts'
import { OutboundError, type ProviderFetch } from '../../outbound/provider-fetch.ts'
import type { FlowSecrets } from './flow-secrets.ts'
import { type Person, type ProfileClaims, personOf, profileOf } from './person-claims.ts'

/** The provider as it is called: with its client secret. */
export interface CalledProvider {
  readonly version: string
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: Secret | null
}

/** Reason why a sign-in at the provider is not accepted, with the evidence for the operator's log. */
export interface ProviderFault {
  /** `denied`: the provider said no. `unreachable`: no answer. `answer`: an answer that fails a check. `busy`: no slot. */
  readonly reason: 'denied' | 'unreachable' | 'answer' | 'busy'
  readonly why: string
}

/** A sign-in at the provider that passed every check. */
export interface ProvenPerson extends Person {
  /** Profile of the person, from the ID token or else the UserInfo endpoint. It is no part of the identity. */
  readonly profile: () => Promise<Result<ProfileClaims, ProviderFault>>
}

/** Metadata of the provider is asked for again after this time. */
const KNOWN_MS = 600_000
/** Requests to the provider at once: strangers can begin sign-ins. */
const SLOTS = { atOnce: 8, waiting: 50, waitMs: 5_000 }
const SCOPE = 'openid email profile'
const TIMEOUT_SECONDS = 10

/** Calls the identity provider, by the authorization code flow with PKCE (OpenID Connect Core §3.1, RFC 7636). */
export class IdentityProvider {
  readonly #clock: Pick<Clock, 'steadyMs'>
  readonly #fetch: ProviderFetch
  #known: { version: string; untilMs: number; configuration: Promise<oidc.Configuration> } | undefined

  constructor(fetch: ProviderFetch, clock: Pick<Clock, 'steadyMs'>) {
    const slots = new Semaphore(SLOTS)
    this.#fetch = (url, request) => slots.run(() => fetch(url, request))
    this.#clock = clock
  }

  /** Reads and checks the provider's metadata, without keeping it. */
  async check(provider: CalledProvider): Promise<Result<void, ProviderFault>> {
    return await caught(async () => void (await this.#discover(provider)))
  }

  /** @param maxAgeSeconds the longest time since the person signed in at the provider; 0: now */
  async authorizationUrl(
    provider: CalledProvider,
    {
      redirectUri,
      secrets,
      maxAgeSeconds,
    }: { redirectUri: string; secrets: FlowSecrets; maxAgeSeconds: number },
  ): Promise<Result<string, ProviderFault>> {
    return await caught(async () => {
      const configuration = await this.#configuration(provider)
      const url = oidc.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: SCOPE,
        code_challenge: await oidc.calculatePKCECodeChallenge(secrets.codeVerifier),
        code_challenge_method: 'S256',
        state: secrets.state,
        nonce: secrets.nonce,
        // It makes the provider state `auth_time` (OpenID Connect Core §2).
        max_age: String(maxAgeSeconds),
        ...(maxAgeSeconds === 0 ? { prompt: 'login' } : {}),
      })
      return url.href
    })
  }

  /**
   * Redeems the provider's answer. `openid-client` checks `iss` (RFC 9207), `state`, and of the ID token issuer, audience,
   * nonce, times and signature.
   *
   * @param answer our own redirect URI with the query that came back
   */
  async redeem(
    provider: CalledProvider,
    answer: URL,
    { codeVerifier, state, nonce }: FlowSecrets,
  ): Promise<Result<ProvenPerson, ProviderFault>> {
    return await caught(async () => {
      const configuration = await this.#configuration(provider)
      const tokens = await oidc.authorizationCodeGrant(configuration, answer, {
        pkceCodeVerifier: codeVerifier,
        expectedState: state,
        expectedNonce: nonce,
        idTokenExpected: true,
      })
      const claims: Partial<oidc.IDToken> = tokens.claims() ?? {}
      const person = personOf(claims, provider.issuer)
      if (person === null) throw new Unfit('the ID token names no person of this issuer')
      const profile = async () => {
        if (claims.email !== undefined || configuration.serverMetadata().userinfo_endpoint === undefined)
          return yes(profileOf(claims))
        const token = tokens.access_token
        return await caught(async () =>
          profileOf(await oidc.fetchUserInfo(configuration, token, person.subject)),
        )
      }
      return { ...person, profile }
    })
  }

  async #configuration(provider: CalledProvider): Promise<oidc.Configuration> {
    const { version } = provider
    const nowMs = this.#clock.steadyMs()
    if (this.#known?.version === version && this.#known.untilMs > nowMs)
      return await this.#known.configuration
    const configuration = this.#discover(provider)
    const known = { version, untilMs: nowMs + KNOWN_MS, configuration }
    this.#known = known
    configuration.catch(() => {
      if (this.#known === known) this.#known = undefined
    })
    return await configuration
  }

  async #discover({ issuer, clientId, clientSecret }: CalledProvider): Promise<oidc.Configuration> {
    const configuration = await oidc.discovery(
      new URL(issuer),
      clientId,
      {},
      clientSecret === null ? oidc.None() : authenticationWith(clientSecret),
      {
        [oidc.customFetch]: this.#fetch,
        timeout: TIMEOUT_SECONDS,
        // OpenID Connect Core §3.1.3.7 lets clients skip the signature of a token that came over TLS: ours do not.
        execute: [oidc.enableNonRepudiationChecks],
      },
    )
    const why = whyUnfit(configuration.serverMetadata(), issuer)
    if (why !== null) throw new Unfit(why)
    return configuration
  }
}

/** By Basic authentication, unless the provider takes the secret in the form only (OpenID Connect Discovery §3). */
function authenticationWith(clientSecret: Secret): oidc.ClientAuth {
  const [basic, post] = [
    oidc.ClientSecretBasic(clientSecret.reveal()),
    oidc.ClientSecretPost(clientSecret.reveal()),
  ]
  return (server, client, body, headers) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    const isPost = !methods.includes('client_secret_basic') && methods.includes('client_secret_post')
    return (isPost ? post : basic)(server, client, body, headers)
  }
}

function whyUnfit(metadata: Readonly<oidc.ServerMetadata>, issuer: string): string | null {
  // A shared issuer of many tenants would make one person's subject another's.
  if (metadata.issuer !== issuer) return `the issuer calls itself ${String(metadata.issuer).slice(0, 200)}`
  for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const)
    if (URL.parse(metadata[name] ?? '')?.protocol !== 'https:') return `${name} is not an https URL`
  const methods = metadata.code_challenge_methods_supported
  return methods === undefined || methods.includes('S256') ? null : 'PKCE with S256 is not supported'
}

class Unfit extends Error {}

async function caught<T>(work: () => Promise<T>): Promise<Result<T, ProviderFault>> {
  try {
    return yes(await work())
  } catch (error) {
    return no(faultOf(error))
  }
}

/** Never repeats a message of the provider's, nor a token. */
function faultOf(error: unknown): ProviderFault {
  for (let each = error; each instanceof Error; each = each.cause) {
    if (each instanceof Unfit) return { reason: 'answer', why: each.message }
    if (each instanceof OutboundError) return { reason: 'unreachable', why: each.fault }
    if (each instanceof SemaphoreTimeoutError) return { reason: 'busy', why: 'too many requests at once' }
    if (each instanceof oidc.AuthorizationResponseError) return { reason: 'denied', why: codeOf(each.error) }
    if (each instanceof oidc.ResponseBodyError)
      return { reason: 'answer', why: `the provider answered ${codeOf(each.error)}` }
  }
  const { code, message, cause } = error as { code?: unknown; message?: unknown; cause?: { cause?: unknown } }
  const { claim } = (cause?.cause ?? cause ?? {}) as { claim?: unknown }
  const parts = [message, code, ...(typeof claim === 'string' ? [`claim ${claim}`] : [])]
  return {
    reason: 'answer',
    why: parts
      .filter((part) => typeof part === 'string')
      .join(', ')
      .slice(0, 300),
  }
}

function codeOf(error: string): string {
  return /^[\w.-]{1,50}$/.test(error) ? error : 'an error'
}
