import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { doorward } from '@doorward/sdk/express'
import type { TestApp } from '../app.ts'
import { openJar } from '../cookie-jar.ts'
import { freePort } from '../free-port.ts'
import { allow, EMAIL, openOAuthApp, pkce } from '../oauth.ts'
import { PASSWORD } from '../sign-in.ts'

/** A client's credentials, as its developer stores them. */
export interface Registered {
  readonly clientId: string
  readonly clientSecret: string
}

/** A client's environment: Doorward at its own address, an API behind the SDK, and a user with a browser. */
export interface World {
  readonly issuer: string
  readonly redirectUri: string
  readonly userId: string
  readonly apiUrl: string
  /** An admin key with the permission `verify`. */
  readonly verifyKey: string
  /** Calls the management API. */
  readonly call: TestApp['call']
  confidential(more?: Record<string, unknown>): Promise<Registered>
  publicClient(redirectUris: readonly string[]): Promise<Registered>
  machine(): Promise<Registered>
  pkce(): Promise<{ verifier: string; challenge: string }>
  /** Signs in and consents, as the user in the browser. @returns the redirect */
  approve(url: URL): Promise<URL>
  deny(url: URL): Promise<URL>
  /** Response of the API to a token. */
  api(accessToken: string): Promise<number>
  close(): Promise<void>
}

const SCOPES = ['orders:read', 'orders:write']

export async function openWorld(
  more: Pick<NonNullable<Parameters<typeof openOAuthApp>[0]>, 'oauth' | 'fetchDocument'> = {},
): Promise<World> {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const { app, userId, close } = await openOAuthApp({ ...more, publicUrl: issuer, port })
  // Clients sign with the time of this machine.
  app.clock.advance({ ms: Date.now() - app.clock.now().getTime() })
  const verifyKey = await app.adminKeyWith(['verify'])
  for (const name of SCOPES) await app.call('POST', '/v1/scopes', { name, description: `Allows ${name}` })

  const { guard, close: closeDoor } = doorward({ url: issuer, adminKey: verifyKey, environment: 'live' })
  const admit = guard('orders:read')
  const server = createServer((request, response) => {
    void admit(request, response, () => response.end(JSON.stringify({ orders: [] })))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`
  const redirectUri = 'http://127.0.0.1/callback'

  const register = async (more: Record<string, unknown>): Promise<Registered> => {
    const made = await app.clientFor(null, { scopes: SCOPES, redirect_uris: [redirectUri], ...more })
    return { clientId: made.client_id, clientSecret: made.client_secret }
  }
  const consentPage = async (jar: ReturnType<typeof openJar>, url: URL) => {
    const first = await jar.follow(await jar.get(url.pathname + url.search))
    if (!first.text.includes('name="password"')) return first
    return await jar.follow(await jar.submit(first, { email: EMAIL, password: PASSWORD }))
  }
  return {
    issuer,
    redirectUri,
    userId,
    apiUrl,
    verifyKey,
    call: app.call,
    confidential: (more = {}) => register(more),
    publicClient: (redirectUris) => register({ type: 'public', redirect_uris: redirectUris }),
    machine: async () => {
      const made = await app.clientFor('org_1', {
        grant_types: ['client_credentials'],
        redirect_uris: [],
        scopes: [],
        client_credentials_scopes: SCOPES,
      })
      return { clientId: made.client_id, clientSecret: made.client_secret }
    },
    pkce: async () => pkce(),
    approve: async (url) => {
      const jar = openJar(issuer, issuer)
      const page = await consentPage(jar, url)
      return page.location === null ? await allow(jar, page) : new URL(page.location)
    },
    deny: async (url) => {
      const jar = openJar(issuer, issuer)
      const done = await jar.submit(await consentPage(jar, url), { decision: 'deny' })
      return new URL(done.location ?? '')
    },
    api: async (accessToken) => {
      const answer = await fetch(apiUrl, { headers: { authorization: `Bearer ${accessToken}` } })
      await answer.body?.cancel()
      return answer.status
    },
    close: async () => {
      await closeDoor()
      server.close()
      server.closeAllConnections()
      await close()
    },
  }
}
