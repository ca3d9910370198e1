/**
 * Prepares a scan of a request's `rawHeaders`: name, value, name, value …, as they were sent. `headers` silently keeps
 * only the first of a repeated Authorization, and Node builds it on first access; `headersDistinct` is missing in
 * requests faked by test tools (Fastify's `inject`).
 *
 * @param names the headers to look for
 */
export function lengthsOf(...names: readonly string[]): ReadonlySet<number> {
  return new Set(names.map(({ length }) => length))
}

/** The name at an even index of `rawHeaders`, in lower case; null, and not lowered, where no wanted one has its length. */
export function nameAt(
  rawHeaders: readonly string[],
  at: number,
  lengths: ReadonlySet<number>,
): string | null {
  const name = rawHeaders[at] ?? ''
  return lengths.has(name.length) ? name.toLowerCase() : null
}
