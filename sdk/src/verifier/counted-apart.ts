/** Open guards of this process that count rate limits in their own memory, by environment and server. */
const openAt = new Map<string, number>()
let hasWarned = false

/**
 * Notes a guard that counts rate limits by itself. A second one for the same credentials doubles their limits, of which
 * one warning is given per process.
 *
 * @returns a function that removes the guard again, when it is closed
 */
export function noteCountedApart(
  { url = '', environment }: { readonly url?: string | undefined; readonly environment: string },
  warn: (error: Error) => void,
): () => void {
  const place = `${environment} ${URL.parse(url)?.href}`
  openAt.set(place, (openAt.get(place) ?? 0) + 1)
  if (openAt.get(place) === 2 && !hasWarned) {
    hasWarned = true
    warn(
      new Error(
        `doorward() was called twice for the environment ${environment}. Each guard counts rate limits for itself, so twice as many calls pass. Call it once and share its guard, or give both the same limiter.`,
      ),
    )
  }
  let isOpen = true
  return () => {
    if (!isOpen) return
    isOpen = false
    const left = (openAt.get(place) ?? 1) - 1
    if (left > 0) openAt.set(place, left)
    else openAt.delete(place)
  }
}
