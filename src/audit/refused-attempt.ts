import type { ProblemCode } from '../http/problem.ts'

/** A request that was refused for who made it, or a sign-in with a wrong password. */
export interface RefusedAttempt {
  readonly code: ProblemCode | 'sign_in_refused'
  readonly method: string
  /** The route's pattern, `/v1/keys/:id`, never the path as sent. */
  readonly route: string
  readonly targetId: string | null
  readonly ownerId: string | null
}

/** The refused attempts of one network within a minute. */
export interface AttemptsOfNetwork {
  readonly id: string
  /** An IPv4 address or an IPv6 /64; null for all that came when too many networks had a row already. */
  readonly network: string | null
  /** The address that came last; null where it is not known, and where the network is not. */
  readonly ip: string | null
  /** Of the first one. */
  readonly requestId: string | null
  readonly beganAt: Date
  readonly lastAt: Date
  readonly attempts: number
  /** How many were refused with which code. */
  readonly codes: Readonly<Record<string, number>>
  /** What they asked for: `POST /v1/keys`; the first of them where there are many. */
  readonly routes: readonly string[]
}
