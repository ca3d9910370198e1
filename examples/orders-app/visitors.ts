import { randomBytes } from 'node:crypto'
import type { FastifyReply } from 'fastify'

export interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string | undefined
  /** The granted scopes, separated by spaces. */
  readonly scope: string
}

/** One browser. Tokens stay on the server: the browser has only a random cookie. */
export interface Visitor {
  /** State between leaving for the sign-in and coming back. */
  pending?: { readonly verifier: string; readonly state: string }
  tokens?: Tokens
  /** Shown once. */
  notice?: string
}

const COOKIE = 'parcel_desk'
const MOST = 1_000

/** In memory, because it is an example: a restart drops all visitors, and their grants stay in Doorward. */
export class Visitors {
  readonly #known = new Map<string, Visitor>()

  /** Returns the visitor of a request, or a new one. */
  of(cookies: string | undefined, reply: FastifyReply): Visitor {
    const id = new RegExp(`(?:^|; )${COOKIE}=(\\w+)`).exec(cookies ?? '')?.[1]
    const known = id === undefined ? undefined : this.#known.get(id)
    if (id !== undefined && known !== undefined) {
      // Least recently used is dropped first.
      this.#known.delete(id)
      this.#known.set(id, known)
      return known
    }
    const visitor: Visitor = {}
    const fresh = randomBytes(24).toString('hex')
    if (this.#known.size >= MOST) this.#forgetOne()
    this.#known.set(fresh, visitor)
    void reply.header('set-cookie', `${COOKIE}=${fresh}; Path=/; HttpOnly; SameSite=Lax`)
    return visitor
  }

  /** Drops visitors without a connection first: strangers must not end the sessions of users who connected. */
  #forgetOne(): void {
    const [oldest] = this.#known.keys()
    const unused = [...this.#known].find(
      ([, { tokens, pending }]) => tokens === undefined && pending === undefined,
    )
    const victim = unused?.[0] ?? oldest
    if (victim !== undefined) this.#known.delete(victim)
  }
}
