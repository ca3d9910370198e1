import type { FastifyReply } from 'fastify'
import { type Problem, statusOf, toProblemWire } from './problem.ts'

/** Sends a problem (RFC 9457) with the headers of its status; no cache keeps it. */
export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  reply.code(statusOf(problem)).headers(headersOf(problem))
  return reply.serializer(JSON.stringify).send(toProblemWire(problem, reply.request.id))
}

/** Headers of a problem, on the fast path and in Fastify alike. */
export function headersOf(problem: Problem): Record<string, string> {
  const status = statusOf(problem)
  return {
    'cache-control': 'no-store',
    'content-type': 'application/problem+json; charset=utf-8',
    ...(status === 401 ? { 'www-authenticate': challengeOf(problem) } : {}),
    ...(status === 503 || status === 429 ? { 'retry-after': String(problem.retryAfterSeconds ?? 2) } : {}),
  }
}

/** A challenge to a request without credential carries no error (RFC 6750 §3.1). */
function challengeOf({ code }: Problem): string {
  return code === 'no_credential'
    ? 'Bearer realm="doorward management"'
    : 'Bearer realm="doorward management", error="invalid_token"'
}
