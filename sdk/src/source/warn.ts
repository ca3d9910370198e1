const QUIET_MS = 60_000

/**
 * Reports the same error once a minute at most: an outage must not flood the log.
 *
 * @param now milliseconds since the epoch
 * @param warn default: a process warning
 */
export function warnSparingly(
  now: () => number,
  warn: (error: unknown) => void = emitWarning,
): (error: unknown) => void {
  const lastAtMs = new Map<string, number>()
  return (error) => {
    const message = error instanceof Error ? error.message : String(error)
    const nowMs = now()
    for (const [each, atMs] of lastAtMs) if (nowMs - atMs >= QUIET_MS) lastAtMs.delete(each)
    if (lastAtMs.has(message)) return
    lastAtMs.set(message, nowMs)
    warn(error)
  }
}

function emitWarning(error: unknown): void {
  process.emitWarning(messageOf(error), 'DoorwardWarning')
}

/** Causes are followed to this depth: a cause may be its own. */
const MAX_CAUSES = 4

/**
 * Joins the messages of an error and its causes: its own hides that a name is wrong, a port is closed or a certificate has
 * expired. The message of `JSON.parse` is left out, because it shows a piece of the text.
 */
function messageOf(error: unknown): string {
  const said: string[] = []
  for (let each = error, n = 0; each !== undefined && n < MAX_CAUSES; n++) {
    const { message, code, errors, cause } = Object(each) as Record<string, unknown>
    // Where a name has several addresses, the error of each is in a list, and the message is empty.
    const [first] = Array.isArray(errors) ? errors : []
    const text = each instanceof SyntaxError ? 'invalid JSON' : String(message || code || (first ?? each))
    if (!said.some((earlier) => earlier.includes(text))) said.push(text)
    each = cause ?? first
  }
  return said.join(': ')
}
