import type { FastifyInstance } from 'fastify'
import { refusedEventOf } from '../audit/audit-event.store.ts'
import { no, yes } from '../base/result.ts'
import { problem } from '../http/problem.ts'
import { ownerOf } from '../management/caller.ts'
import { type Pipeline, reads } from '../management/pipeline.ts'
import { whyNotPermitted } from '../management/why-not-permitted.ts'
import { type ExplainParts, explainByHash, explainKey } from './explain-credential.ts'
import {
  ExplanationQuestionWire,
  ExplanationWire,
  fromCallFields,
  toExplanationWire,
  toRefusedRequestWire,
} from './explanation.wire.ts'
import { lastRefusalsOfKey } from './last-refusal.store.ts'

/** Says why a credential or a request is refused: which rule, since when, and what to do. */
export function explanationRoutes(app: FastifyInstance, pipeline: Pipeline, parts: ExplainParts): void {
  const explain = {
    id: 'explainRefusal',
    method: 'POST',
    url: '/v1/explanations',
    permission: 'keys:read',
    withinEnvironments: true,
    tag: 'Keys',
    summary: 'Why a credential or a request is refused, since when, and what to do; counts nothing',
    body: ExplanationQuestionWire,
    status: 200,
    answer: ExplanationWire,
    problems: ['not_found', 'unknown_scope', 'unknown_api', 'unknown_environment'],
  } as const
  reads(app, pipeline, explain, async ({ db, caller, body }) => {
    const { secret_sha256: hash, key_id: keyId, request_id: requestId } = body
    if ([hash, keyId, requestId].filter((each) => each !== undefined).length !== 1) return no(ONE_OF_THREE)
    if (requestId !== undefined) {
      const lacking = whyNotPermitted(caller, { permission: 'audit:read' })
      if (lacking !== null) return no(lacking)
      const ownerId = ownerOf(caller.reach) ?? undefined
      const event = await refusedEventOf(db, requestId, ownerId)
      return event === undefined ? no(NO_REQUEST) : yes(toRefusedRequestWire(event))
    }
    const call = fromCallFields(body)
    const explained =
      keyId === undefined
        ? await explainByHash(db, caller, parts, hash ?? '', call)
        : await explainKey(db, caller, parts, keyId, call)
    if (!explained.ok) return explained
    const { key } = explained.value
    const refusals = key === null ? [] : await lastRefusalsOfKey(db, key.id)
    return yes(toExplanationWire(explained.value, refusals, caller.now))
  })
}

const ONE_OF_THREE = problem('invalid_request', 'Give one of `secret_sha256`, `key_id` and `request_id`.')

const NO_REQUEST = problem(
  'not_found',
  'No refused request with this id is within reach of the caller. Recorded are requests to the management API that were refused because of their caller or of an id, some twenty a minute for each caller.',
)
