import { createHash } from 'node:crypto'
import type { AnswerJson } from '../../db/oauth-tables.ts'

/** How an authorization request was answered. */
export interface GivenAnswer {
  readonly decision: AnswerJson['decision']
  /** Digest of the form that was sent; null where none was: the answer needed no question. */
  readonly form: string | null
}

/**
 * For how long the same answer may be given again, in seconds: as long as somebody clicks twice because nothing seems to
 * happen. Browsers show the answer to the last click, so that one has to lead to the app as well.
 */
const AGAIN_SECONDS = 30

/** What a form says, in short: two clicks on one button of one page are the same, and everything else is not. */
export function digestOfForm(fields: URLSearchParams): string {
  const said = ['decision', 'shown', 'owner_id', 'scope'].map((name) => fields.getAll(name).toSorted())
  return createHash('sha256').update(JSON.stringify(said)).digest('base64url')
}

/** Whether an answer is the one that was given a moment ago. */
export function isGivenAgain(
  given: GivenAnswer & { readonly at: Date },
  again: GivenAnswer,
  now: Date,
): boolean {
  const agoMs = now.getTime() - given.at.getTime()
  return agoMs <= AGAIN_SECONDS * 1000 && given.decision === again.decision && given.form === again.form
}
