import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { type Door, reads } from '../admin/management.ts'
import { addSeconds } from '../base/clock.ts'
import { no, yes } from '../base/result.ts'
import { NOT_FOUND } from '../http/problem.ts'
import { iso, Moment, nullable, strictObject } from '../http/wire.ts'
import { findKey } from '../keys/key.store.ts'
import { storeUsage, usageOf } from './usage.store.ts'
import { Hash } from './verify.wire.ts'

const UsageBatchWire = strictObject({
  id: Type.String({
    pattern: '^[A-Za-z0-9_-]{8,64}$',
    description: 'Made by the sender; a repeated batch counts once',
  }),
  items: Type.Array(
    strictObject({
      credential_id: Type.String({ pattern: '^sec_[A-Za-z0-9]{1,40}$' }),
      outcome: Type.String({
        pattern: '^[a-z_]{1,40}$',
        description: '`accepted`, or the reason of the refusal',
      }),
      count: Type.Integer({ minimum: 1, maximum: 1_000_000_000 }),
      last_at: Moment,
      last_ip: nullable(Type.String({ maxLength: 60 })),
      last_user_agent: nullable(Type.String({ maxLength: 256 })),
    }),
    { maxItems: 10_000 },
  ),
  exposed: Type.Array(
    strictObject({ hash: Hash, at: Moment, ip: nullable(Type.String({ maxLength: 60 })) }),
    {
      maxItems: 1_000,
      description: 'Credentials that were found in a URL',
    },
  ),
})

const UsageWire = Type.Object({
  data: Type.Array(
    Type.Object({
      credential_id: Type.String(),
      outcome: Type.String(),
      hour: Moment,
      count: Type.Integer(),
    }),
  ),
})

/** Ten thousand items, with room for long user agents. */
const MAX_BATCH_BYTES = 8 * 1024 * 1024

/** Default and longest look back, in days. */
const DEFAULT_DAYS = 7
const MAX_DAYS = 90

export function usageRoutes(app: FastifyInstance, door: Door): void {
  const report = {
    id: 'reportUsage',
    method: 'POST',
    url: '/v1/usage-batches',
    permission: 'verify',
    tag: 'Verification',
    summary: 'Verifications that an SDK counted in its own process',
    body: UsageBatchWire,
    status: 204,
    answer: Type.Null({ description: 'Counted, now or when it came before' }),
    bodyLimit: MAX_BATCH_BYTES,
  } as const
  reads(app, door, report, async ({ db, caller, body }) => {
    await storeUsage(db, caller, fromUsageBatchWire(body))
    return yes(null)
  })

  const read = {
    id: 'getKeyUsage',
    method: 'GET',
    url: '/v1/keys/:id/usage',
    permission: 'keys:read',
    tag: 'Keys',
    summary: 'How often a key was accepted and refused, by secret and hour',
    params: strictObject({ id: Type.String({ pattern: '^key_[A-Za-z0-9]{1,40}$' }) }),
    query: strictObject({
      days: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_DAYS, default: DEFAULT_DAYS })),
    }),
    status: 200,
    answer: UsageWire,
    problems: ['not_found'],
  } as const
  reads(app, door, read, async ({ db, caller, params: { id }, query }) => {
    if ((await findKey(db, caller.reach, id)) === undefined) return no(NOT_FOUND)
    const rows = await usageOf(db, id, addSeconds(caller.now, -(query.days ?? DEFAULT_DAYS) * 24 * 3600))
    return yes({ data: rows.map((row) => ({ ...row, hour: iso(row.hour) })) })
  })
}

function fromUsageBatchWire(body: Static<typeof UsageBatchWire>) {
  return {
    id: body.id,
    items: body.items.map((item) => ({
      credentialId: item.credential_id,
      outcome: item.outcome,
      count: item.count,
      lastAt: new Date(item.last_at),
      lastIp: item.last_ip,
      lastUserAgent: item.last_user_agent,
    })),
    exposed: body.exposed.map((each) => ({ hash: each.hash, at: new Date(each.at), ip: each.ip })),
  }
}
