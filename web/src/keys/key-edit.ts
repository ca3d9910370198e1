import type { Static } from 'typebox'
import type { KeyChangeWire } from '../../../src/keys/key.wire.ts'
import { autoRotationOf, type KeyDraft } from './key-draft.ts'
import type { KeyRow } from './keys.queries.ts'

/** Draft of a changed key, as the inputs of the form hold it. */
export type KeyEdit = Pick<
  KeyDraft,
  | 'name'
  | 'scopes'
  | 'expiresAt'
  | 'allowList'
  | 'rateLimit'
  | 'rateWindow'
  | 'quota'
  | 'quotaPeriod'
  | 'selfRotation'
  | 'autoRotateAfterDays'
  | 'note'
>

export function editOf(key: KeyRow): KeyEdit {
  const [rate] = key.rate_limits
  return {
    name: key.name,
    scopes: key.scopes,
    expiresAt: key.expires_at === null ? '' : localText(new Date(String(key.expires_at))),
    allowList: (key.ip_allowlist ?? []).join('\n'),
    rateLimit: rate === undefined ? '' : String(rate.limit),
    rateWindow: String(rate?.window_seconds ?? 60),
    quota: key.quota === null ? '' : String(key.quota.limit),
    quotaPeriod: key.quota?.period ?? 'day',
    selfRotation: key.self_rotation,
    autoRotateAfterDays: String(key.auto_rotate_after_days ?? ''),
    note: key.note ?? '',
  }
}

/** The body of `PATCH /v1/keys/{id}`: only what differs, so that two people do not undo each other's changes. */
export function changesOf(
  before: KeyEdit,
  after: KeyEdit,
  rates: KeyRow['rate_limits'],
): Static<typeof KeyChangeWire> {
  const differs = (...names: (keyof KeyEdit)[]) =>
    names.some((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
  const allowList = after.allowList.split(/[\s,]+/).filter((each) => each !== '')
  return {
    ...(differs('name') ? { name: after.name.trim() } : {}),
    ...(differs('scopes') ? { scopes: [...after.scopes] } : {}),
    ...(differs('expiresAt') ? { expires_at: momentOf(after.expiresAt) } : {}),
    ...(differs('allowList') ? { ip_allowlist: allowList.length > 0 ? allowList : null } : {}),
    ...(differs('note') ? { note: after.note.trim() === '' ? null : after.note.trim() } : {}),
    ...(differs('selfRotation') ? { self_rotation: after.selfRotation } : {}),
    ...(autoRotationOf(before) !== autoRotationOf(after)
      ? { auto_rotate_after_days: autoRotationOf(after) }
      : {}),
    ...(differs('rateLimit', 'rateWindow') ? { rate_limits: rateLimitsOf(after, rates) } : {}),
    ...(differs('quota', 'quotaPeriod') ? { quota: quotaOf(after) } : {}),
  }
}

/** The form has one rate limit, the first; further ones stay as they are. */
function rateLimitsOf({ rateLimit, rateWindow }: KeyEdit, [first, ...rest]: KeyRow['rate_limits']) {
  const name = first?.name ?? 'calls'
  return rateLimit === ''
    ? rest
    : [{ name, limit: Number(rateLimit), window_seconds: Number(rateWindow) }, ...rest]
}

function quotaOf({ quota, quotaPeriod }: KeyEdit) {
  return quota === '' ? null : { limit: Number(quota), period: quotaPeriod }
}

function momentOf(text: string): NonNullable<Static<typeof KeyChangeWire>['expires_at']> | null {
  if (text === '') return null
  const at = new Date(text)
  return (Number.isNaN(at.getTime()) ? text : at.toISOString()) as never
}

/** As an input `datetime-local` has it, in the reader's zone. */
function localText(at: Date): string {
  const shifted = new Date(at.getTime() - at.getTimezoneOffset() * 60_000)
  return shifted.toISOString().slice(0, 19)
}
