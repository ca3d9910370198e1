let last: { readonly body: string; readonly key: string } | null = null

/**
 * An `Idempotency-Key` for what a person submits: the same one while the same body is sent again after an answer was lost,
 * another one as soon as anything in it is different.
 */
export function submissionKey(body: unknown): string {
  const text = JSON.stringify(body)
  if (last?.body !== text) last = { body: text, key: randomId() }
  return last.key
}

/** Forgets the last submission: the next one is new, whatever is in it. */
export function forgetSubmission(): void {
  last = null
}

function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
