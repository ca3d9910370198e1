/**
 * Runs steps one after another, round after round. A step that fails is reported, does not stop the others, and runs
 * again in the next round. Rounds never overlap.
 */
export function runPeriodically(
  ms: number,
  steps: readonly (() => Promise<unknown>)[],
  onError: (error: unknown) => void,
): NodeJS.Timeout {
  let isRunning = false
  const round = async () => {
    if (isRunning) return
    isRunning = true
    for (const step of steps) await step().catch(onError)
    isRunning = false
  }
  return setInterval(() => void round(), ms).unref()
}
