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
  process.emitWarning(error instanceof Error ? error.message : String(error), 'DoorwardWarning')
}
