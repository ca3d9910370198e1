import type { Static } from 'typebox'
import type { OwnerChangeWire } from '../../../src/owners/owner.wire.ts'
import type { Owner } from './owner.queries.ts'

/** The form of an owner, as it is typed. */
export interface OwnerDraft {
  readonly name: string
  /** Addresses, separated by commas or blanks. */
  readonly noticeContacts: string
  readonly rates: readonly RateDraft[]
  readonly quotaLimit: string
  readonly quotaPeriod: 'day' | 'month'
}

export interface RateDraft {
  /** Of the row in the form. */
  readonly row: number
  readonly name: string
  readonly limit: string
  readonly seconds: string
}

export function draftOf(owner: Owner): OwnerDraft {
  return {
    name: owner.name ?? '',
    noticeContacts: owner.notice_contacts.join(', '),
    rates: owner.rate_limits.map(({ name, limit, window_seconds: seconds }, row) => ({
      row,
      name,
      limit: String(limit),
      seconds: String(seconds),
    })),
    quotaLimit: textOf(owner.quota?.limit ?? null),
    quotaPeriod: owner.quota?.period ?? 'day',
  }
}

/** The change that the form asks for: only what differs from the owner. What is no number is left to the API to refuse. */
export function bodyOf(draft: OwnerDraft, owner: Owner): Static<typeof OwnerChangeWire> {
  const asked = {
    name: draft.name.trim() === '' ? null : draft.name.trim(),
    notice_contacts: draft.noticeContacts.split(/[\s,;]+/).filter((address) => address !== ''),
    rate_limits: draft.rates.map(({ name, limit, seconds }) => ({
      name: name.trim(),
      limit: numberOf(limit) ?? 0,
      window_seconds: numberOf(seconds) ?? 0,
    })),
    quota:
      numberOf(draft.quotaLimit) === null
        ? null
        : { limit: numberOf(draft.quotaLimit) ?? 0, period: draft.quotaPeriod },
  }
  return Object.fromEntries(
    Object.entries(asked).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(owner[name as keyof typeof asked]),
    ),
  )
}

/** Null where it is empty. A text that is no number stays one that the API refuses: never 0 by accident. */
function numberOf(text: string): number | null {
  const trimmed = text.trim()
  if (trimmed === '') return null
  const value = Number(trimmed)
  return Number.isFinite(value) ? value : -1
}

function textOf(value: number | null): string {
  return value === null ? '' : String(value)
}
