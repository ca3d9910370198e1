/**
 * Steps that come round by themselves, one after the other. One that fails is told of, keeps none of the others from
 * being taken, and has its turn again the next time; a round that takes longer than the time between two is let finish.
 */
export function every(
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
