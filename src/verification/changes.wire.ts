import type { Bookmark, StoredChange } from '../changes/change.ts'
import { iso } from '../http/wire.ts'

/** Id of an event; opaque to the listener, which returns it in `Last-Event-ID` or `after`. */
export const BOOKMARK = '^\\d{1,15}(\\.[0-9a-f-]{1,40}\\.\\d{1,20})?$'

const PARTS = /^(\d{1,15})\.([0-9a-f-]{1,40})\.(\d{1,20})$/

/** Null where the feed has not read the outbox yet, so that there is no position. */
function bookmarkToText(bookmark: Bookmark | null): string {
  return bookmark === null ? '0' : `${bookmark.position}.${bookmark.token}.${bookmark.run}`
}

/** Null for a bare position, as old SDKs send it: without the outbox's identity it could be of any. */
export function bookmarkFromText(text: unknown): Bookmark | null {
  const [, position, token, run] = (typeof text === 'string' && PARTS.exec(text)) || []
  return token === undefined || run === undefined ? null : { position: Number(position), token, run }
}

/** One event of the stream (WHATWG HTML §9.2). The id is the bookmark, so that a browser's or SDK's resume works. */
export function toEvent(
  event: string,
  bookmark: Bookmark | null,
  data: Readonly<Record<string, unknown>>,
): string {
  const position = bookmark?.position ?? 0
  return `event: ${event}\nid: ${bookmarkToText(bookmark)}\ndata: ${JSON.stringify({ position, ...data })}\n\n`
}

/** Serializes each change once for all listeners. */
const said = new WeakMap<StoredChange, { readonly run: string; readonly text: string }>()

export function toChangeEvent(change: StoredChange, bookmark: Bookmark): string {
  const known = said.get(change)
  if (known?.run === bookmark.run) return known.text
  const { at, action, hashes, holders, ended } = change
  const of = holders == null ? null : { owner_ids: holders.ownerIds, client_ids: holders.clientIds }
  const end = ended === null ? null : { reason: ended.reason, at: iso(ended.at) }
  const text = toEvent('change', bookmark, { at: iso(at), action, hashes, holders: of, ended: end })
  said.set(change, { run: bookmark.run, text })
  return text
}
