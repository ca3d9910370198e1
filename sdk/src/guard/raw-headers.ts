/**
 * For a scan of a request's `rawHeaders`: name, value, name, value …, as they were sent. Headers that matter are read
 * there and not in `headers`, which keeps the first of a repeated Authorization without a word, and which Node makes
 * only for who asks for it; nor in `headersDistinct`, which requests faked by test tools (Fastify's `inject`) lack.
 *
 * @param names that are looked for
 */
export function lengthsOf(...names: readonly string[]): ReadonlySet<number> {
  return new Set(names.map(({ length }) => length))
}

/**
 * The name at an even place of `rawHeaders`, in lower case; null where none that is looked for has its length: most
 * others need not even be put into lower case.
 */
export function nameAt(
  rawHeaders: readonly string[],
  at: number,
  lengths: ReadonlySet<number>,
): string | null {
  const name = rawHeaders[at] ?? ''
  return lengths.has(name.length) ? name.toLowerCase() : null
}
