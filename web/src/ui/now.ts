import { useSyncExternalStore } from 'react'

const EVERY_MS = 10_000
let now = Date.now()
const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

/** The time, for words such as "2 minutes ago": moves every ten seconds, for all of a page at once. */
export function useNow(): number {
  useSyncExternalStore(subscribe, () => now)
  // A shown time may be younger than the last tick.
  return Date.now()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  timer ??= setInterval(() => {
    now = Date.now()
    for (const each of listeners) each()
  }, EVERY_MS)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}
