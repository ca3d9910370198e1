import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { listAttempts } from '../audit/refused-attempt.store.ts'
import type { AttemptsOfNetwork } from '../audit/refused-attempt.ts'
import { no } from '../base/result.ts'
import { pageBy } from '../http/cursor.ts'
import { problem } from '../http/problem.ts'
import { Cursor, iso, Limit, Moment, nullable, pageWire, strictObject } from '../http/wire.ts'
import { type Pipeline, reads } from '../management/pipeline.ts'

const RefusedAttemptsWire = Type.Object({
  id: Type.String(),
  network: nullable(
    Type.String({ description: 'An IPv4 address or an IPv6 /64; null for the rest of a crowded minute' }),
  ),
  ip: nullable(Type.String({ description: 'The address that came last' })),
  request_id: nullable(Type.String({ description: 'Of the first attempt' })),
  began_at: Moment,
  last_at: Moment,
  attempts: Type.Integer(),
  codes: Type.Record(Type.String(), Type.Integer(), { description: 'How many were refused with which code' }),
  routes: Type.Array(Type.String(), { description: 'What they asked for, the first twenty' }),
})

/** Lists refused attempts: requests without a valid admin key, and refused sign-ins. */
export function refusedAttemptRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  const list = {
    method: 'GET',
    permission: 'audit:read',
    tag: 'Audit',
    status: 200,
    id: 'listRefusedAttempts',
    url: '/v1/refused-attempts',
    summary: 'Refused attempts of strangers, by network and minute, newest first; kept for two weeks',
    query: strictObject({ limit: Type.Optional(Limit), cursor: Type.Optional(Cursor) }),
    answer: pageWire(RefusedAttemptsWire),
    problems: ['invalid_cursor', 'owner_not_covered'],
  } as const
  reads(app, pipeline, list, async ({ db, caller, query }) => {
    if (caller.reach !== 'every_owner')
      return no(problem('owner_not_covered', 'Strangers belong to no owner; your key is bound to one.'))
    await pipeline.refusedAttempts.flush(caller.now)
    const positionOf = ({ beganAt, id }: AttemptsOfNetwork) => ({ at: beganAt, id })
    return await pageBy(query, (page) => listAttempts(db, page), toWire, positionOf)
  })
}

function toWire({ requestId, beganAt, lastAt, ...same }: AttemptsOfNetwork) {
  const { id, network, ip, attempts, codes, routes } = same
  const moments = { began_at: iso(beganAt), last_at: iso(lastAt) }
  return { id, network, ip, request_id: requestId, ...moments, attempts, codes, routes }
}
