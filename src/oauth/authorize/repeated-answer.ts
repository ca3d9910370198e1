import { createHash } from 'node:crypto'
import type { AnswerJson } from '../../db/oauth-tables.ts'

/** An answer to an authorization request. */
export interface GivenAnswer {
  readonly decision: AnswerJson['decision']
  /** Digest of the form; null: the answer needed no question. */
  readonly form: string | null
}

/**
 * The window for a double click, in seconds: people click twice where nothing seems to happen. Browsers follow the
 * response to the last click, so that one has to lead to the app too.
 */
const AGAIN_SECONDS = 30

/** Digest of the fields that decide: equal for two clicks on one button of one page, and for nothing else. */
export function digestOfForm(fields: URLSearchParams): string {
  const decided = ['decision', 'shown', 'owner_id', 'scope'].map((name) => fields.getAll(name).toSorted())
  return createHash('sha256').update(JSON.stringify(decided)).digest('base64url')
}

/** The same answer as the one given within the last seconds. */
export function isRepeated(
  given: GivenAnswer & { readonly at: Date },
  again: GivenAnswer,
  now: Date,
): boolean {
  const agoMs = now.getTime() - given.at.getTime()
  return agoMs <= AGAIN_SECONDS * 1000 && given.decision === again.decision && given.form === again.form
}
