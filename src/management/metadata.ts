/** An answer with null in place of each `metadata`, at any depth. */
export function withoutMetadata(answer: unknown): unknown {
  if (Array.isArray(answer)) return answer.map(withoutMetadata)
  if (typeof answer !== 'object' || answer === null || answer instanceof Date) return answer
  return Object.fromEntries(
    Object.entries(answer).map(([name, value]) => [
      name,
      name === 'metadata' ? null : withoutMetadata(value),
    ]),
  )
}
