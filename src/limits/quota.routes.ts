import { MAX_COST, MAX_SPENDS, quotaAnswerToWire, quotaCountToWire } from '@doorward/sdk/kernel'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { no, yes } from '../base/result.ts'
import { NOT_FOUND } from '../http/problem.ts'
import { idOf, nullable, strictObject } from '../http/wire.ts'
import { findKey } from '../keys/key.store.ts'
import { environmentsOf } from '../management/caller.ts'
import { type Pipeline, reads } from '../management/pipeline.ts'
import { QuotaCountWire } from '../owners/limits.wire.ts'
import { quotasOfKey, spendQuotas } from './quota.store.ts'

const Spend = strictObject({
  credential_id: Type.String({ maxLength: 400, description: 'As the record has it' }),
  cost: Type.Integer({ minimum: 1, maximum: MAX_COST }),
  gives_back: Type.Optional(
    Type.Boolean({ description: 'It was spent for a call that was refused after all, and is there again' }),
  ),
})

/** Calendar quotas: spending for SDKs, which judge in their own process but share one count; and the units left. */
export function quotaRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  const spend = {
    id: 'spendQuotas',
    method: 'POST',
    url: '/v1/quota-spends',
    permission: 'verify',
    tag: 'Verification',
    summary: 'Spend quotas for calls that an SDK accepts; each as one act, of all quotas or of none',
    body: strictObject({
      id: Type.Optional(
        Type.String({
          pattern: '^[A-Za-z0-9_-]{16,64}$',
          description:
            'Made by the sender at random; the same request, sent again within two minutes, spends nothing more and gets the same decisions',
        }),
      ),
      spends: Type.Array(Spend, { minItems: 1, maxItems: MAX_SPENDS }),
    }),
    status: 200,
    answer: Type.Object({
      data: Type.Array(
        nullable(Type.Object({ granted: Type.Boolean(), quotas: Type.Array(QuotaCountWire) })),
        { description: 'In the order of the spends; null for a credential that does not exist' },
      ),
    }),
  } as const
  reads(app, pipeline, spend, async ({ db, caller, body }) => {
    const spends = body.spends.map(({ credential_id: credentialId, cost, gives_back: givesBack }) => ({
      credentialId,
      cost,
      givesBack,
    }))
    const answers = await spendQuotas(db, spends, caller.now, body.id)
    return yes({
      data: answers.map((answer) => (answer instanceof Error ? null : quotaAnswerToWire(answer))),
    })
  })

  const ofKey = {
    id: 'getKeyQuotas',
    method: 'GET',
    url: '/v1/keys/:id/quotas',
    permission: 'keys:read',
    withinEnvironments: true,
    tag: 'Keys',
    summary: 'How much of its quota a key has spent in this period, and all keys of its owner of theirs',
    params: strictObject({ id: idOf('key') }),
    status: 200,
    answer: Type.Object({ data: Type.Array(QuotaCountWire) }),
    problems: ['not_found'],
  } as const
  reads(app, pipeline, ofKey, async ({ db, caller, params: { id } }) => {
    if ((await findKey(db, caller.reach, id)) === undefined) return no(NOT_FOUND)
    const counts = await quotasOfKey(db, id, caller.now)
    // The owner's count is of all environments.
    const seen = environmentsOf(caller.reach) === null ? counts : counts.filter((count) => count.of === 'key')
    return yes({ data: seen.map(quotaCountToWire) })
  })
}
