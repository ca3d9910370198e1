import { open, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { momentOf } from '../base/moment.ts'
import { no, type Result, yes } from '../base/result.ts'
import type { AuditEvent, Link } from './audit-event.ts'
import { follows } from './hash-chain.ts'

/** A stretch of the chain: the events after one link, up to and including another. */
export interface Archive {
  readonly after: Link
  readonly head: Link
}

const FORMAT = 'doorward-audit-archive/1'

/**
 * Writes events as JSON lines, between a line with the link before them and a line with the head. The file is new,
 * readable by its owner only, and synced to disk when this returns. If anything fails, the file is removed.
 */
export async function writeArchive(
  path: string,
  after: Link,
  stretches: AsyncIterable<readonly AuditEvent[]>,
): Promise<Archive> {
  const file = await open(path, 'wx', 0o600)
  try {
    let head = after
    await file.appendFile(lineOf({ format: FORMAT, after_seq: after.seq, after_hash: hexOf(after.hash) }))
    for await (const events of stretches) {
      await file.appendFile(events.map((event) => lineOf(toLine(event))).join(''))
      head = events.at(-1) ?? head
    }
    await file.appendFile(lineOf({ head_seq: head.seq, head_hash: hexOf(head.hash) }))
    await file.sync()
    await file.close()
    await syncDirectory(dirname(path))
    return { after, head: { seq: head.seq, hash: head.hash } }
  } catch (error) {
    await file.close()
    await unlink(path)
    throw error
  }
}

/** Reads an archive from its beginning and verifies its chain. @returns "no" with the fault, in words */
export async function checkArchive(path: string): Promise<Result<Archive, string>> {
  const file = await open(path)
  try {
    let after: Link | undefined
    let last: Link | undefined
    let head: Link | undefined
    let number = 0
    for await (const text of file.readLines()) {
      number++
      const line = parsed(text)
      if (line === null || head !== undefined) return no(`line ${number} cannot be read`)
      if (last === undefined) {
        if (line.format !== FORMAT) return no(`it does not begin as an archive (${FORMAT})`)
        after = last = linkOf(line.after_seq, line.after_hash)
      } else if ('head_seq' in line) head = linkOf(line.head_seq, line.head_hash)
      else {
        const event = eventOf(line)
        const fault = event === null ? 'altered' : follows(last, event)
        if (event === null || fault !== null)
          return no(`the row ${fault === 'missing' ? 'is missing' : 'was altered'}: event ${last.seq + 1}`)
        last = event
      }
    }
    if (after === undefined || last === undefined || head === undefined) return no('its end is missing')
    if (last.seq !== head.seq || hexOf(last.hash) !== hexOf(head.hash))
      return no('its end does not match the last event')
    return yes({ after, head })
  } finally {
    await file.close()
  }
}

/** Syncs the directory: the name of a new file must be on disk too, before its events are removed elsewhere. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path)
  await directory.sync().finally(() => directory.close())
}

function toLine({ ownerId, targetId, requestId, at, hash, ...event }: AuditEvent) {
  return {
    ...event,
    at: at.toISOString(),
    owner_id: ownerId,
    target_id: targetId,
    request_id: requestId,
    hash: hexOf(hash),
  }
}

/** @returns null if a field that the code reads is missing; the hash proves the rest */
function eventOf(line: Line): AuditEvent | null {
  try {
    const { owner_id, target_id, request_id, at, hash, actor, ...event } = line as EventLine
    return {
      ...event,
      actor: { kind: actor.kind, id: actor.id },
      at: momentOf(at),
      ownerId: owner_id,
      targetId: target_id,
      requestId: request_id,
      hash: Buffer.from(hash, 'hex'),
    }
  } catch {
    return null
  }
}

type EventLine = ReturnType<typeof toLine>

/** A line of a file that anyone may have written. */
interface Line extends Partial<EventLine> {
  readonly format?: unknown
  readonly after_seq?: unknown
  readonly after_hash?: unknown
  readonly head_seq?: unknown
  readonly head_hash?: unknown
}

function parsed(text: string): Line | null {
  try {
    const line: unknown = JSON.parse(text)
    return typeof line === 'object' && line !== null ? line : null
  } catch {
    return null
  }
}

function linkOf(seq: unknown, hash: unknown): Link {
  return { seq: Number(seq), hash: Buffer.from(String(hash), 'hex') }
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function lineOf(value: object): string {
  return `${JSON.stringify(value)}\n`
}
