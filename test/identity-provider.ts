import type { IncomingMessage, ServerResponse } from 'node:http'
import { request } from 'node:https'
import { exportJWK, generateKeyPair } from 'jose'
import Provider from 'oidc-provider'
import { openProviderFetch, type ProviderFetch } from '../src/outbound/provider-fetch.ts'
import { openTlsServer, selfSigned } from './tls-server.ts'

/** A person at the identity provider. */
export interface Account {
  readonly sub: string
  readonly email?: string
  readonly email_verified?: boolean
  readonly name?: string
}

export interface TestIdentityProvider {
  readonly issuer: string
  /** Its own, in PEM. */
  readonly certificate: string
  /** Reaches this machine, and trusts the provider's certificate. */
  readonly fetch: ProviderFetch
  /** A browser with a session of its own at the provider. */
  browser(account: Account): ProviderBrowser
  close(): void
}

export interface ProviderBrowser {
  /** Signs in as this one from now on, where the provider asks. */
  account: Account
  /** How often the provider has asked for a sign-in. */
  readonly timesAsked: number
  /** Follows a URL until it leaves the provider. @returns the path and query that it leads to */
  follow(url: string): Promise<string>
}

const SECRET = 'a client secret of forty characters or so'
export const CLIENT = { client_id: 'doorward', client_secret: SECRET } as const

/** Starts a real OpenID provider (`oidc-provider`) over https on this machine; null if openssl is missing. */
export async function openIdentityProvider(redirectUri: string): Promise<TestIdentityProvider | null> {
  const pair = selfSigned()
  if (pair === null) return null
  const accounts = new Map<string, Account>()
  let handle: (request: IncomingMessage, response: ServerResponse) => void = () => {}
  const server = await openTlsServer(pair, (...pairOf) => handle(...(pairOf as Parameters<typeof handle>)))
  const issuer = server.origin
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const provider = new Provider(issuer, {
    clients: [{ ...CLIENT, redirect_uris: [redirectUri], token_endpoint_auth_method: 'client_secret_basic' }],
    cookies: { keys: ['a key of the provider'] },
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'one', alg: 'RS256', use: 'sig' }] },
    pkce: { required: () => true },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `/log-in/${uid}` },
    findAccount: (_: unknown, id: string) => ({
      accountId: id,
      claims: () => accounts.get(id) ?? { sub: id },
    }),
    loadExistingGrant: async (context: GrantContext) => {
      const { provider: own, client, session } = context.oidc
      const grant = new own.Grant({ clientId: client.clientId, accountId: session.accountId })
      grant.addOIDCScope('openid email profile')
      await grant.save()
      return grant
    },
  })
  const callback = provider.callback()
  handle = (asked, response) => {
    const login = asked.headers['x-account']
    if (asked.url?.startsWith('/log-in/') && typeof login === 'string')
      void provider.interactionFinished(asked, response, { login: { accountId: login, amr: ['pwd', 'otp'] } })
    else callback(asked, response)
  }

  return {
    issuer,
    certificate: pair.cert,
    fetch: openProviderFetch({ mayReach: (address) => address === '127.0.0.1', ca: pair.cert }),
    browser: (first) => {
      const cookies = new Map<string, string>()
      let [account, timesAsked] = [first, 0]
      return {
        get account() {
          return account
        },
        set account(next: Account) {
          account = next
        },
        get timesAsked() {
          return timesAsked
        },
        follow: async (url) => {
          for (let at = url; ; ) {
            if (!at.startsWith(issuer)) return at.replace(/^https?:\/\/[^/]+/, '')
            if (at.includes('/log-in/')) timesAsked++
            accounts.set(account.sub, account)
            const next = await step(at, cookies, account.sub, pair.cert)
            if (next === null) throw new Error(`the provider does not lead on from ${at}`)
            at = new URL(next, at).href
          }
        },
      }
    },
    close: () => server.close(),
  }
}

interface GrantContext {
  readonly oidc: {
    readonly provider: {
      readonly Grant: new (fields: object) => { addOIDCScope(scope: string): void; save(): Promise<string> }
    }
    readonly client: { readonly clientId: string }
    readonly session: { readonly accountId: string }
  }
}

/** One request of the browser. @returns where it is redirected to */
function step(
  url: string,
  cookies: Map<string, string>,
  account: string,
  ca: string,
): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { 'x-account': account, ...(cookie === '' ? {} : { cookie }) }
    request(url, { ca, headers, agent: false }, (response) => {
      for (const line of response.headers['set-cookie'] ?? []) {
        const [name = '', value = ''] = line.split(';', 1)[0]?.split('=') ?? []
        if (value === '') cookies.delete(name)
        else cookies.set(name, value)
      }
      response.resume()
      response.on('end', () => resolve(response.headers.location ?? null))
    })
      .on('error', reject)
      .end()
  })
}
