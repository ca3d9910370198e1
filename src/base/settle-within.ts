/**
 * Settles with the outcome of the operation, or with `otherwise` after a timeout: an operation that never settles does not
 * block its caller, nor the caller's resources. The signal is always aborted at the end, so that no work goes on for an
 * outcome that is no longer awaited.
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
