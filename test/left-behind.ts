/** What ends the processes that this one has started and not ended yet. */
const running = new Set<() => void>()

process.once('exit', () => {
  for (const end of running) end()
})

/**
 * A test that fails before it ends what it started must not leave it behind; a paused process would never notice that it
 * is alone.
 *
 * @param end must do its work at once, since the process is about to exit
 * @returns to be called when there is nothing to end any more
 */
export function endAtExit(end: () => void): () => void {
  running.add(end)
  return () => void running.delete(end)
}

/** The runner ends a file that takes too long with SIGTERM, and by itself that skips what is to be done at the exit. */
export function exitWhenTerminated(): void {
  process.once('SIGTERM', () => process.exit(143))
}
