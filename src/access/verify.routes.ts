import { normalizeIp, recordToWire, type Verifier } from '@doorward/sdk/kernel'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { type Door, reads } from '../admin/management.ts'
import { no, yes } from '../base/result.ts'
import { problem } from '../http/problem.ts'
import { strictObject } from '../http/wire.ts'
import { recordsByHash } from './record.store.ts'
import { Hash, toVerdictWire, VerdictWire, VerifyWire } from './verify.wire.ts'

const tag = 'Verification'
const ask = { method: 'POST', permission: 'verify', tag, status: 200 } as const

/** Verification for verifiers in any language, and the records for those that judge by themselves. */
export function verifyRoutes(app: FastifyInstance, door: Door, verifier: Verifier): void {
  const verify = {
    ...ask,
    id: 'verify',
    url: '/v1/verify',
    summary: 'May this credential do this, here, now?',
    body: VerifyWire,
    answer: VerdictWire,
  } as const
  reads(app, door, verify, async ({ body }) => {
    const { credential, credential_sha256: hash, scopes = [], environment = null, client_ip: ip } = body
    if ((credential === undefined) === (hash === undefined))
      return no(problem('invalid_request', 'Give `credential` or `credential_sha256`, one of the two.'))
    const asked = { scopes, environment, clientIp: normalizeIp(ip) }
    const call = { userAgent: body.user_agent ?? null, dryRun: body.dry_run ?? false }
    const verdict =
      credential === undefined
        ? verifier.verifyHash(hash ?? '', asked, call)
        : verifier.verify(credential, asked, call)
    return yes(toVerdictWire(await verdict))
  })

  const lookups = {
    ...ask,
    id: 'lookUpRecords',
    url: '/v1/lookups',
    summary: 'Records by hash, for SDKs that judge in their own process',
    body: strictObject({ hashes: Type.Array(Hash, { minItems: 1, maxItems: 500 }) }),
    // The record's form is the SDK's; see `recordToWire`.
    answer: Type.Object({ data: Type.Array(Type.Object({ hash: Type.String(), record: Type.Unknown() })) }),
  } as const
  reads(app, door, lookups, async ({ db, caller, body: { hashes } }) => {
    const records = await recordsByHash(db, hashes, caller.now)
    const toEntry = (hash: string, at: number) => {
      const record = records[at] ?? null
      return { hash, record: record === null ? null : recordToWire(record) }
    }
    return yes({ data: hashes.map(toEntry) })
  })
}
