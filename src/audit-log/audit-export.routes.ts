import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { type AuditFilter, listEvents } from '../audit/audit-event.store.ts'
import { yes } from '../base/result.ts'
import { csvRow } from '../http/csv.ts'
import { ownerOf } from '../management/caller.ts'
import { type Pipeline, reads } from '../management/pipeline.ts'
import { readInTurn } from '../management/slots.ts'
import { type NamedEvent, withActorNames } from './actor-name.store.ts'
import { AuditFilterQuery, fromAuditQuery, toAuditEventWire } from './audit-event.wire.ts'

/** Bound on one export. Whoever has more events exports them by spans of time. */
const MAX_EVENTS = 1_000_000
const EVENTS_AT_ONCE = 1_000

interface Format {
  readonly mediaType: string
  readonly head: string
  readonly lineOf: (event: NamedEvent) => string
}

const FORMATS = {
  jsonl: {
    mediaType: 'application/jsonl; charset=utf-8',
    head: '',
    lineOf: (event) => `${JSON.stringify(toAuditEventWire(event))}\n`,
  },
  csv: {
    mediaType: 'text/csv; charset=utf-8; header=present',
    head: csvRow([
      'seq',
      'id',
      'at',
      'action',
      'result',
      'actor_kind',
      'actor_id',
      'actor_name',
      'owner_id',
      'target_id',
      'ip',
      'request_id',
      'detail',
      'hash',
    ]),
    lineOf: (event) => {
      const { actor, detail, ...wire } = toAuditEventWire(event)
      const { seq, id, at, action, result, owner_id, target_id, ip, request_id, hash } = wire
      const who = [actor.kind, actor.id, 'name' in actor ? actor.name : null]
      const what = [owner_id, target_id, ip, request_id, JSON.stringify(detail), hash]
      return csvRow([seq, id, at, action, result, ...who, ...what])
    },
  },
} as const satisfies Record<string, Format>

/** Streams all events of a filter, newest first, as a file. */
export function auditExportRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  const files = [
    ['exportAuditEventsAsJsonLines', 'jsonl', 'JSON Lines, each line as `GET /v1/audit-events` has it'],
    ['exportAuditEventsAsCsv', 'csv', 'CSV with a header row; `detail` is JSON, and no cell is a formula'],
  ] as const
  for (const [id, kind, words] of files) {
    const { mediaType, ...format } = FORMATS[kind]
    const operation = {
      id,
      method: 'GET',
      url: `/v1/audit-events.${kind}`,
      permission: 'audit:read',
      tag: 'Audit',
      summary: `What happened, newest first, as a file: ${MAX_EVENTS} events at most`,
      query: AuditFilterQuery,
      status: 200,
      answer: Type.String({ description: words }),
      mediaType,
    } as const
    reads(app, pipeline, operation, async ({ db, caller, query, again }) => {
      const asked = fromAuditQuery(query)
      const ownerId = ownerOf(caller.reach) ?? asked.ownerId
      // Another owner's events look like no events.
      const isNone = asked.ownerId !== undefined && asked.ownerId !== ownerId
      const find = (page: AuditFilter) =>
        readInTurn(pipeline, caller, async () => {
          // A slow reader may take hours. A file that ends in the middle of its transfer is known to be incomplete.
          if (page.beforeSeq !== undefined && !(await again()).ok) throw new EndedExportError()
          return await withActorNames(db, await listEvents(db, { ...page, ownerId }, EVENTS_AT_ONCE))
        })
      return yes(Readable.from(linesOf(format, isNone ? async () => [] : find, asked), { objectMode: false }))
    })
  }
}

/** The caller's credential ended while its export was under way. */
class EndedExportError extends Error {
  constructor() {
    super('the credential of an export has ended')
    this.name = 'EndedExportError'
  }
}

/** A page of events in memory at a time, and the next one when the receiver has taken it. Events that are appended meanwhile are not in it. */
async function* linesOf(
  { head, lineOf }: Omit<Format, 'mediaType'>,
  find: (page: AuditFilter) => Promise<readonly NamedEvent[]>,
  filter: AuditFilter,
): AsyncGenerator<string> {
  if (head !== '') yield head
  let beforeSeq: number | undefined
  for (let count = 0; count < MAX_EVENTS; count += EVENTS_AT_ONCE) {
    const events = await find({ ...filter, beforeSeq })
    if (events.length > 0) yield events.map(lineOf).join('')
    if (events.length < EVENTS_AT_ONCE) return
    beforeSeq = events.at(-1)?.seq
  }
}
