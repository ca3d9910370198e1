import { randomBytes } from 'node:crypto'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { type Ask, ProblemError } from '../management.ts'
import { page } from './page.ts'
import { type OwnUser, userWith } from './users.ts'

// The default is milliseconds since the epoch.
const timestamp = () => `,"time":"${new Date().toISOString()}"`

const COOKIE = 'own_login'
const MOST = 1_000

/** A login challenge, as Doorward returns it. */
interface Challenge {
  readonly client_name: string | null
  readonly login_hint: string | null
}

/**
 * Your own login, to which Doorward redirects browsers. It has its own users, and tells Doorward who signed in.
 *
 * @param ask Doorward's management API, with an admin key that has only `login_challenges:write`
 */
export function buildOwnLogin(ask: Ask): FastifyInstance {
  const app = Fastify({ logger: { level: 'warn', base: null, timestamp } })
  /** The challenge of each browser. Kept here, because a user could change a field of the form. */
  const waiting = new Map<string, string>()

  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: 4_096 },
    async (_request: unknown, body: unknown) => new URLSearchParams(String(body)),
  )
  app.get('/livez', async () => ({ status: 'live' }))

  app.get<{ Querystring: { login_challenge?: string } }>('/login', async ({ query }, reply) => {
    const challenge = query.login_challenge ?? ''
    const asked = await challengeOf(challenge)
    if (asked === null)
      return show(reply, 400, page({ fault: 'Start again from the app: this link is over.' }))
    const browser = randomBytes(24).toString('hex')
    waiting.set(browser, challenge)
    const [oldest] = waiting.keys()
    if (waiting.size > MOST && oldest !== undefined) waiting.delete(oldest)
    void reply.header('set-cookie', `${COOKIE}=${browser}; Path=/; HttpOnly; SameSite=Lax`)
    return show(reply, 200, page({ app: asked.client_name, login: asked.login_hint }))
  })

  app.post<{ Body: URLSearchParams }>('/login', async ({ headers, body }, reply) => {
    const browser = browserIn(headers.cookie)
    const challenge = waiting.get(browser)
    if (challenge === undefined) return show(reply, 400, page({ fault: 'Start again from the app.' }))
    if (body.get('decision') === 'cancel') {
      waiting.delete(browser)
      return await answer(reply, challenge, null)
    }
    const login = body.get('login') ?? ''
    const user = userWith(login, body.get('password') ?? '')
    if (user === null) return show(reply, 401, page({ login, fault: 'Name or password is not right.' }))
    waiting.delete(browser)
    return await answer(reply, challenge, user)
  })
  return app

  /** Accepts or rejects the challenge, and redirects the same browser back. */
  async function answer(reply: FastifyReply, challenge: string, user: OwnUser | null) {
    const path = `/v1/login-challenges/${challenge}`
    const now = new Date().toISOString()
    const { redirect_to: next } = await ask<{ redirect_to: string }>(
      'POST',
      user === null ? `${path}/reject` : `${path}/accept`,
      user === null
        ? { reason: 'The sign-in was cancelled.' }
        : { user_id: user.id, display_name: user.name, owners: user.owners, authenticated_at: now },
    )
    return reply.redirect(next, 303)
  }

  async function challengeOf(token: string): Promise<Challenge | null> {
    if (!/^lc_\w{1,100}$/.test(token)) return null
    try {
      return await ask<Challenge>('GET', `/v1/login-challenges/${token}`)
    } catch (error) {
      if (error instanceof ProblemError && error.status < 500) return null
      throw error
    }
  }
}

function browserIn(cookies: string | undefined): string {
  return new RegExp(`(?:^|; )${COOKIE}=(\\w+)`).exec(cookies ?? '')?.[1] ?? ''
}

function show(reply: FastifyReply, status: number, html: string): FastifyReply {
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .header('cache-control', 'no-store')
    .header(
      'content-security-policy',
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    )
    .send(html)
}
