/** Doors of this process that are open and count rate limits in memory of their own, by whom they ask about what. */
const openAt = new Map<string, number>()
let isSaid = false

/**
 * Notes a guard that counts rate limits by itself. A second one for the same credentials doubles their limits, which is
 * said once per process.
 *
 * @returns takes the guard off the list, when it is closed
 */
export function noteCountedApart(
  { url = '', environment }: { readonly url?: string | undefined; readonly environment: string },
  warn: (error: Error) => void,
): () => void {
  const place = `${environment} ${URL.parse(url)?.href}`
  openAt.set(place, (openAt.get(place) ?? 0) + 1)
  if (openAt.get(place) === 2 && !isSaid) {
    isSaid = true
    warn(
      new Error(
        `doorward() was opened twice for the environment ${environment}: each counts rate limits for itself, so that twice as much passes. Open it once and share its guard, or give both the same limiter.`,
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
