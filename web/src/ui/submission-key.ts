let last: { readonly body: string; readonly key: string } | null = null

/**
 * Idempotency key of a submitted form. A retry with the same body has the same key, so that a lost answer does not create a
 * second object; a changed body has a new one.
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
