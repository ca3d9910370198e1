import { recordToWire } from '@doorward/sdk/kernel'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { no, yes } from '../base/result.ts'
import type { Db } from '../db/schema.ts'
import { strictObject } from '../http/wire.ts'
import { type Pipeline, reads } from '../management/pipeline.ts'
import { recordsByHash } from './record.store.ts'
import type { Verification } from './verify.ts'
import { Hash, VerdictsWire, VerdictWire, VerifyBatchWire, VerifyWire } from './verify.wire.ts'

const tag = 'Verification'
const ask = { method: 'POST', permission: 'verify', tag, status: 200 } as const
const problems = ['unknown_environment', 'unknown_scope', 'unknown_api'] as const

interface VerifyParts {
  readonly verification: Verification
  /** Connections that no list and no change holds up. */
  readonly verdicts: Db
  readonly onUnreadable: (error: Error) => void
}

/** Verification for verifiers in any language, and record lookups for SDKs that judge in their own process. */
export function verifyRoutes(
  app: FastifyInstance,
  pipeline: Pipeline,
  { verification, verdicts, onUnreadable }: VerifyParts,
): void {
  const verify = {
    ...ask,
    id: 'verify',
    url: '/v1/verify',
    summary: 'May this credential do this, here, now?',
    body: VerifyWire,
    answer: VerdictWire,
    problems,
  } as const
  reads(app, pipeline, verify, async ({ body }) => {
    const fault = verification.whyNot(body)
    if (fault !== null) return no(fault)
    const verdict = await verification.verdictOn(body)
    const undeclared = await verification.whyUndeclared(verdict)
    return undeclared === null ? yes(verification.answerOf(verdict)) : no(undeclared)
  })

  const batch = {
    ...ask,
    id: 'verifyBatch',
    url: '/v1/verify-batches',
    summary: 'The same for up to 100 questions at once',
    body: VerifyBatchWire,
    answer: VerdictsWire,
    problems,
  } as const
  reads(app, pipeline, batch, async ({ body: { verify: questions } }) => {
    for (const [at, question] of questions.entries()) {
      const fault = verification.whyNot(question, `/verify/${at}`)
      if (fault !== null) return no(fault)
    }
    const verdicts = await Promise.all(questions.map((question) => verification.verdictOn(question)))
    const undeclared = await verification.whyAnyUndeclared(verdicts)
    return undeclared === null ? yes({ data: verdicts.map(verification.answerOf) }) : no(undeclared)
  })

  const lookups = {
    ...ask,
    id: 'lookUpRecords',
    url: '/v1/lookups',
    summary: 'Records by hash, for SDKs that judge in their own process',
    body: strictObject({ hashes: Type.Array(Hash, { minItems: 1, maxItems: 500 }) }),
    // The SDK defines the record's form; see `recordToWire`.
    answer: Type.Object({ data: Type.Array(Type.Object({ hash: Type.String(), record: Type.Unknown() })) }),
  } as const
  reads(app, pipeline, lookups, async ({ caller, body: { hashes } }) => {
    const records = await recordsByHash(verdicts, hashes, caller.now, onUnreadable)
    const toEntry = (hash: string, at: number) => {
      const record = records[at] ?? null
      // Neither an object nor null: every SDK treats it as a record that it cannot read.
      if (record instanceof Error) return { hash, record: 'unreadable' }
      return { hash, record: record === null ? null : recordToWire(record) }
    }
    return yes({ data: hashes.map(toEntry) })
  })
}
