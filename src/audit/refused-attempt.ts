import type { ProblemCode } from '../http/problem.ts'

/** A request that was refused because of its caller, or a sign-in or confirmation with a wrong password. */
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
  /** An IPv4 address or an IPv6 /64; null for the rest, once too many networks have a row. */
  readonly network: string | null
  /** The latest address; null if it or the network is not known. */
  readonly ip: string | null
  /** Of the first one. */
  readonly requestId: string | null
  readonly beganAt: Date
  readonly lastAt: Date
  readonly attempts: number
  /** Number of refusals by code. */
  readonly codes: Readonly<Record<string, number>>
  /** Method and route, `POST /v1/keys`: the first twenty different ones. */
  readonly routes: readonly string[]
}
