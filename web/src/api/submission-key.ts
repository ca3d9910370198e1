/** Idempotency keys of submissions that have no answer yet, by method, path and body. */
const unanswered = new Map<string, string>()

/**
 * Idempotency key of a submission. Sent again because its answer was lost, it has the same key, so that no second object is
 * created. Once it is answered, an equal one is new: a second rotation must not get the secret of the first.
 */
export function submissionKey(submission: string): string {
  const key = unanswered.get(submission) ?? randomId()
  unanswered.set(submission, key)
  return key
}

export function noteAnswered(submission: string): void {
  unanswered.delete(submission)
}

/** `crypto.randomUUID` is missing where the dashboard is served over http from another machine. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
