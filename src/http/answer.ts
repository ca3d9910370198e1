import type { FastifyReply } from 'fastify'
import { type Problem, statusOf, toProblemWire } from './problem.ts'

/** Sends a problem with the headers that belong to its status. Never cached. */
export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  const status = statusOf(problem)
  reply.code(status).header('cache-control', 'no-store').type('application/problem+json')
  if (status === 401) reply.header('www-authenticate', challengeOf(problem))
  if (status === 503) reply.header('retry-after', String(problem.retryAfterSeconds ?? 2))
  return reply.serializer(JSON.stringify).send(toProblemWire(problem, reply.request.id))
}

/** RFC 6750 §3.1: without a credential the challenge carries no error. */
function challengeOf({ code }: Problem): string {
  return code === 'no_credential'
    ? 'Bearer realm="doorward management"'
    : 'Bearer realm="doorward management", error="invalid_token"'
}
