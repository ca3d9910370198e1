import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { yes } from '../base/result.ts'
import type { Position } from '../db/keyset.ts'
import { csvRow } from '../http/csv.ts'
import { type Pipeline, reads } from '../management/pipeline.ts'
import { readInTurn } from '../management/slots.ts'
import { namesOfHolders } from './finding.store.ts'
import { FindingFilterQuery, toFindingWire } from './finding.wire.ts'
import { listFindings } from './finding-list.store.ts'
import { findingReachOf } from './finding-reach.store.ts'

const MAX_FINDINGS = 1_000_000
const AT_ONCE = 1_000

const HEAD = csvRow([
  ...['id', 'kind', 'holder_kind', 'holder_id', 'holder_name', 'subject', 'owner_id', 'environment'],
  ...['first_seen_at', 'state', 'accepted_until', 'accepted_by', 'accepted_reason', 'evidence'],
])

type Line = ReturnType<typeof toFindingWire>

/** Streams all findings of a filter as a file for a spreadsheet. */
export function findingExportRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  const operation = {
    id: 'exportFindingsAsCsv',
    method: 'GET',
    url: '/v1/findings.csv',
    permission: 'findings:read',
    withinEnvironments: true,
    tag: 'Findings',
    summary: `What needs attention, newest first, as a file: ${MAX_FINDINGS} findings at most`,
    query: FindingFilterQuery,
    status: 200,
    answer: Type.String({
      description: 'CSV with a header row; `evidence` is JSON, and no cell is a formula',
    }),
    mediaType: 'text/csv; charset=utf-8; header=present',
    isWithoutMetadata: true,
  } as const
  reads(app, pipeline, operation, async ({ db, caller, query, again }) => {
    const { kind, owner_id: ownerId, environment, holder_id: holderId, state } = query
    const filter = { kind, ownerId, environment, holderId, state }
    const find = (after: Position | null) =>
      readInTurn(pipeline, caller, async () => {
        // A slow reader may take hours. A file that ends in the middle of its transfer is known to be incomplete.
        if (after !== null && !(await again()).ok) throw new Error('the credential of an export has ended')
        const page = { after, limit: AT_ONCE }
        const { rows, end } = await listFindings(db, findingReachOf(caller), filter, page, caller.now)
        const names = await namesOfHolders(
          db,
          rows.map(({ holder }) => holder.id),
        )
        const last = rows.at(-1)
        const isFull = rows.length === AT_ONCE && last !== undefined
        return {
          lines: rows.map((row) => toFindingWire(row, names.get(row.holder.id) ?? null, caller.now)),
          next: isFull ? { at: last.firstSeenAt, id: last.id } : end,
        }
      })
    return yes(Readable.from(csvOf(find), { objectMode: false }))
  })
}

/** A page in memory at a time, and the next one when the receiver has taken it. */
async function* csvOf(
  find: (after: Position | null) => Promise<{ readonly lines: Line[]; readonly next: Position | null }>,
): AsyncGenerator<string> {
  yield HEAD
  let after: Position | null = null
  for (let count = 0; count < MAX_FINDINGS; count += AT_ONCE) {
    const { lines, next } = await find(after)
    if (lines.length > 0) yield lines.map(rowOf).join('')
    if (next === null) return
    after = next
  }
}

function rowOf({ id, kind, holder, subject, owner_id, environment, evidence, acceptance, ...when }: Line) {
  return csvRow([
    ...[id, kind, holder.kind, holder.id, holder.name, subject, owner_id, environment],
    ...[when.first_seen_at, when.state],
    ...[acceptance?.until ?? null, acceptance?.by ?? null, acceptance?.reason ?? null],
    JSON.stringify(evidence),
  ])
}
