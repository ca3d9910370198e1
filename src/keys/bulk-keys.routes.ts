import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { type Result, yes } from '../base/result.ts'
import type { Tx } from '../db/schema.ts'
import type { Problem, ProblemCode } from '../http/problem.ts'
import { Moment, plainText, toMoment } from '../http/wire.ts'
import type { Caller } from '../management/caller.ts'
import { changes, type Pipeline } from '../management/pipeline.ts'
import type { BulkChange } from './bulk-change.ts'
import { type BulkParts, bulkChangeKeys } from './bulk-keys.ts'
import { BulkKeysWire, bulkBody, fromBulkWire, toBulkWire } from './bulk-keys.wire.ts'

const problems = ['selection_too_large', 'selection_changed'] as const satisfies readonly ProblemCode[]
const write = {
  method: 'POST',
  permission: 'keys:write',
  withinEnvironments: true,
  isDangerous: true,
  tag: 'Keys',
  status: 200,
  answer: BulkKeysWire,
  problems,
} as const

/** Routes that change many keys at once: by their ids, or by the filter of a list. */
export function bulkKeyRoutes(app: FastifyInstance, pipeline: Pipeline, parts: BulkParts): void {
  for (const verb of ['disable', 'enable'] as const) {
    const operation = {
      ...write,
      permission: 'keys:revoke',
      id: `bulk${verb === 'disable' ? 'Disable' : 'Enable'}Keys`,
      url: `/v1/keys/bulk/${verb}`,
      summary: `${verb === 'disable' ? 'Disable' : 'Enable'} many keys; with \`dry_run\`, say which and who uses them`,
      body: bulkBody({}),
    } as const
    changes(app, pipeline, operation, ({ db, caller, body }) => run(db, caller, parts, body, { verb }))
  }

  const revoke = {
    ...write,
    permission: 'keys:revoke',
    id: 'bulkRevokeKeys',
    url: '/v1/keys/bulk/revoke',
    summary: 'Revoke many keys for good; with `dry_run`, say which and who uses them',
    body: bulkBody({ reason: Type.Optional(plainText(500, 'For the audit log')) }),
  } as const
  changes(app, pipeline, revoke, ({ db, caller, body }) =>
    run(db, caller, parts, body, { verb: 'revoke', reason: body.reason ?? 'no reason given' }),
  )

  const shorten = {
    ...write,
    id: 'bulkShortenKeys',
    url: '/v1/keys/bulk/shorten-expiry',
    summary: 'Let many keys expire at a moment, those that would live longer; with `dry_run`, say which',
    body: bulkBody({ expires_at: Moment }),
    problems: [...problems, 'expiry_in_past'],
  } as const
  changes(app, pipeline, shorten, ({ db, caller, body }) =>
    run(db, caller, parts, body, { verb: 'shorten-expiry', expiresAt: toMoment(body.expires_at) }),
  )

  const removeScope = {
    ...write,
    id: 'bulkRemoveScope',
    url: '/v1/keys/bulk/remove-scope',
    summary: 'Take a scope from many keys; with `dry_run`, say which and who uses them',
    body: bulkBody({ scope: Type.String({ minLength: 1, maxLength: 200 }) }),
  } as const
  changes(app, pipeline, removeScope, ({ db, caller, body }) =>
    run(db, caller, parts, body, { verb: 'remove-scope', scope: body.scope }),
  )
}

async function run(
  tx: Tx,
  caller: Caller,
  parts: BulkParts,
  body: Parameters<typeof fromBulkWire>[0],
  change: BulkChange,
): Promise<Result<unknown, Problem>> {
  const request = fromBulkWire(body, change)
  if (!request.ok) return request
  const done = await bulkChangeKeys(tx, caller, parts, request.value)
  return done.ok ? yes(toBulkWire(done.value, request.value.dryRun, caller.now)) : done
}
