import { createHash } from 'node:crypto'
import type { AnswerJson } from '../../db/oauth-tables.ts'
import { isDoubleClick } from '../../pages/double-click.ts'

/** An answer to an authorization request. */
export interface GivenAnswer {
  readonly decision: AnswerJson['decision']
  /** Digest of the form; null: the answer needed no question. */
  readonly form: string | null
}

/** Digest of the fields that decide: equal for two clicks on one button of one page, and for nothing else. */
export function digestOfForm(fields: URLSearchParams): string {
  const decided = ['decision', 'shown', 'owner_id', 'scope'].map((name) => fields.getAll(name).toSorted())
  return createHash('sha256').update(JSON.stringify(decided)).digest('base64url')
}

/** True for the same answer again, by a double click. */
export function isRepeated(
  given: GivenAnswer & { readonly at: Date },
  again: GivenAnswer,
  now: Date,
): boolean {
  return isDoubleClick(given.at, now) && given.decision === again.decision && given.form === again.form
}
