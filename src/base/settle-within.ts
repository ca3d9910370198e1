/**
 * Settles with the operation's own outcome, or with `otherwise` when the time is over: even an operation that never
 * settles by itself does not keep its caller, nor what its caller holds for it. The signal is aborted at the end in any
 * case, so that nothing goes on working for an outcome that is no longer awaited.
 */
export async function settleWithin<T>(
  ms: number,
  otherwise: T,
  operation: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(resolve, ms, otherwise)
  })
  try {
    return await Promise.race([operation(ending.signal), late])
  } finally {
    clearTimeout(timer)
    ending.abort()
  }
}
