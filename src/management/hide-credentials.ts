import { withoutCredentials } from '@doorward/sdk/kernel'

/** Members with text from people for people. */
const FOR_PEOPLE = ['name', 'reason', 'description', 'display_name', 'note', 'product_name'] as const

/** Masks credentials that were pasted into such text: a dump of the database must not hold any. */
export function hideCredentials(body: unknown): void {
  if (typeof body !== 'object' || body === null) return
  const members = body as Record<string, unknown>
  for (const name of FOR_PEOPLE) {
    const text = members[name]
    if (typeof text === 'string') members[name] = withoutCredentials(text)
  }
}
