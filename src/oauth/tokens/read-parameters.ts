/** The only parameter that may be sent more than once (RFC 8707 §2). */
const REPEATABLE = 'resource'

/** The parameters that were sent with a value; null where one was repeated (RFC 6749 §3.2). */
export function readParameters(form: URLSearchParams): ReadonlyMap<string, string> | null {
  const read = new Map<string, string>()
  const seen = new Set<string>()
  for (const [name, value] of form) {
    if (name === REPEATABLE) continue
    if (seen.has(name)) return null
    seen.add(name)
    if (value !== '') read.set(name, value)
  }
  return read
}

export function resourcesOf(form: URLSearchParams): readonly string[] {
  return [...new Set(form.getAll(REPEATABLE).filter((resource) => resource !== ''))]
}
