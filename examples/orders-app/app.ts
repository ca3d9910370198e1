import Fastify, { type FastifyInstance } from 'fastify'
import * as oauth from 'openid-client'
import { type OrderShown, page } from './page.ts'
import { type Tokens, type Visitor, Visitors } from './visitors.ts'

// The default is milliseconds since the epoch.
const timestamp = () => `,"time":"${new Date().toISOString()}"`

export interface OrdersAppOptions {
  /** Doorward's issuer identifier. */
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** The URL of the orders API. */
  readonly ordersUrl: string
  /** The URL of this app; its redirect URI is `/callback`, below. */
  readonly ownUrl: string
}

const SCOPE = 'orders:read orders:write'
/** A real app requires `https:`; here everything runs on one machine. */
const ON_ONE_MACHINE: oauth.DiscoveryRequestOptions = {
  algorithm: 'oauth2',
  execute: [oauth.allowInsecureRequests],
}

/** A third party's app. It knows an issuer and an API, and nothing of Doorward's code. */
export async function buildOrdersApp(options: OrdersAppOptions): Promise<FastifyInstance> {
  const { issuer, clientId, clientSecret, ordersUrl, ownUrl } = options
  const app = Fastify({ logger: { level: 'warn', base: null, timestamp } })
  const visitors = new Visitors()
  const proof = oauth.ClientSecretBasic(clientSecret)
  const config = await oauth.discovery(new URL(issuer), clientId, clientSecret, proof, ON_ONE_MACHINE)

  app.addContentTypeParser('application/x-www-form-urlencoded', (_request, body, done) => {
    body.resume().on('end', () => done(null))
  })

  app.get('/livez', async () => ({ status: 'live' }))

  app.get('/', async (request, reply) => {
    const visitor = visitors.of(request.headers.cookie, reply)
    return reply.type('text/html; charset=utf-8').send(page(await look(visitor)))
  })

  app.post('/connect', async (request, reply) => {
    const visitor = visitors.of(request.headers.cookie, reply)
    const pending = { verifier: oauth.randomPKCECodeVerifier(), state: oauth.randomState() }
    visitor.pending = pending
    const url = oauth.buildAuthorizationUrl(config, {
      redirect_uri: `${ownUrl}/callback`,
      scope: SCOPE,
      state: pending.state,
      code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: 'S256',
    })
    return reply.redirect(url.href, 303)
  })

  app.get('/callback', async (request, reply) => {
    const visitor = visitors.of(request.headers.cookie, reply)
    const { pending } = visitor
    delete visitor.pending
    if (pending === undefined) return reply.redirect('/', 303)
    try {
      const answer = await oauth.authorizationCodeGrant(config, new URL(request.url, ownUrl), {
        pkceCodeVerifier: pending.verifier,
        expectedState: pending.state,
      })
      visitor.tokens = tokensOf(answer)
      visitor.notice = 'Connected.'
    } catch (error) {
      visitor.notice = error instanceof oauth.AuthorizationResponseError ? whyNot(error) : WENT_WRONG
      if (!(error instanceof oauth.AuthorizationResponseError)) app.log.warn({ err: error }, 'not connected')
    }
    return reply.redirect('/', 303)
  })

  app.post('/orders', async (request, reply) => {
    const visitor = visitors.of(request.headers.cookie, reply)
    const order = { customer: 'Parcel Desk', item: 'Packing tape', amount: 450 }
    const answer = await callApi(visitor, '/orders', { method: 'POST', body: JSON.stringify(order) })
    if (answer?.status === 201) visitor.notice = 'An order was placed.'
    if (answer?.status === 403) visitor.notice = 'You did not allow this app to place orders.'
    return reply.redirect('/', 303)
  })

  app.post('/disconnect', async (request, reply) => {
    const visitor = visitors.of(request.headers.cookie, reply)
    const { tokens } = visitor
    delete visitor.tokens
    if (tokens?.refreshToken !== undefined) await oauth.tokenRevocation(config, tokens.refreshToken)
    visitor.notice = 'Disconnected: this app has given its access back.'
    return reply.redirect('/', 303)
  })
  return app

  /** Renders the page for a visitor. */
  async function look(visitor: Visitor) {
    const answer = await callApi(visitor, '/orders?limit=5')
    const orders = answer?.status === 200 ? ((await answer.json()) as { data: OrderShown[] }).data : []
    const { notice, tokens } = visitor
    delete visitor.notice
    return { notice, scope: tokens?.scope ?? null, status: answer?.status ?? null, orders, issuer }
  }

  /** Calls the API; where the access token has expired, once more with a new one. @returns null without access */
  async function callApi(visitor: Visitor, path: string, init: RequestInit = {}): Promise<Response | null> {
    const { tokens } = visitor
    if (tokens === undefined) return null
    const answer = await ask(tokens, path, init)
    if (answer.status !== 401) return answer
    const renewed = await refresh(visitor)
    return renewed === null ? null : await ask(renewed, path, init)
  }

  async function ask({ accessToken }: Tokens, path: string, init: RequestInit): Promise<Response> {
    const type = init.body === undefined ? {} : { 'content-type': 'application/json' }
    return await fetch(ordersUrl + path, {
      ...init,
      headers: { authorization: `Bearer ${accessToken}`, ...type },
      signal: AbortSignal.timeout(10_000),
    })
  }

  /** Tokens are kept where a refresh failed for another reason than lost access. */
  async function refresh(visitor: Visitor): Promise<Tokens | null> {
    const { tokens } = visitor
    if (tokens?.refreshToken === undefined) return null
    try {
      visitor.tokens = tokensOf(await oauth.refreshTokenGrant(config, tokens.refreshToken), tokens)
      return visitor.tokens
    } catch (error) {
      if (!(error instanceof oauth.ResponseBodyError && error.error === 'invalid_grant')) throw error
      delete visitor.tokens
      visitor.notice = 'Access was taken back. Connect again to go on.'
      return null
    }
  }
}

const WENT_WRONG = 'That did not work. Try again.'

function whyNot({ error }: oauth.AuthorizationResponseError): string {
  return error === 'access_denied' ? 'You said no: nothing was connected.' : WENT_WRONG
}

function tokensOf(answer: oauth.TokenEndpointResponse, before?: Tokens): Tokens {
  return {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token ?? before?.refreshToken,
    scope: answer.scope ?? before?.scope ?? '',
  }
}
