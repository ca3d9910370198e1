import type { StoredChange } from '../changes/change.ts'
import { iso } from '../http/wire.ts'

/** One event of the stream (WHATWG HTML §9.2). The id is the position, so that a browser's or SDK's resume works. */
export function toEvent(event: string, position: number, data: Readonly<Record<string, unknown>>): string {
  return `event: ${event}\nid: ${position}\ndata: ${JSON.stringify({ position, ...data })}\n\n`
}

export function toChangeEvent({ position, at, action, hashes, ended }: StoredChange): string {
  const end = ended === null ? null : { reason: ended.reason, at: iso(ended.at) }
  return toEvent('change', position, { at: iso(at), action, hashes, ended: end })
}
