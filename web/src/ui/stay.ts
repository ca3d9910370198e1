import { useEffect, useState } from 'react'

let holder: (() => void) | null = null

/** True if a page may be left inside the dashboard; if not, the page that holds on to it says why. */
export function mayLeave(): boolean {
  if (holder === null) return true
  holder()
  return false
}

/**
 * Keeps the reader on a page until it is done: links and the back button stay here, and closing the tab asks. Returns how
 * often leaving was tried.
 */
export function useStay(): { readonly tries: number; release(): void } {
  const [tries, setTries] = useState(0)
  useEffect(() => {
    const hold = () => setTries((count) => count + 1)
    holder = hold
    // The entry that the back button takes instead of the page before.
    history.pushState(history.state, '', location.href)
    const onBack = () => {
      if (holder !== hold) return
      history.pushState(history.state, '', location.href)
      hold()
    }
    const onUnload = (event: BeforeUnloadEvent) => {
      if (holder === hold) event.preventDefault()
    }
    addEventListener('popstate', onBack)
    addEventListener('beforeunload', onUnload)
    return () => {
      if (holder === hold) holder = null
      removeEventListener('popstate', onBack)
      removeEventListener('beforeunload', onUnload)
    }
  }, [])
  return {
    tries,
    release: () => {
      holder = null
    },
  }
}
