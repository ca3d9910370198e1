/** Functions that end the processes which this one started and has not ended yet. */
const running = new Set<() => void>()

process.once('exit', () => {
  for (const end of running) end()
})

/**
 * Ends a process at exit, even if the test fails before it does: a paused process would never notice.
 *
 * @param end must work synchronously, since the process is about to exit
 * @returns a function to call when there is nothing to end any more
 */
export function endAtExit(end: () => void): () => void {
  running.add(end)
  return () => void running.delete(end)
}

/** The runner ends a slow file with SIGTERM, which by default skips exit handlers. */
export function exitWhenTerminated(): void {
  process.once('SIGTERM', () => process.exit(143))
}
