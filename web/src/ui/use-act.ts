import { useState } from 'react'

/** Something that a person does: whether it runs, and why it was refused. Its answer goes to whoever runs it, and is not kept. */
export interface Act {
  readonly isBusy: boolean
  readonly error: unknown
  /** Runs one thing at a time; returns what it gives, or undefined where it was refused. */
  run<Given>(act: () => Promise<Given>): Promise<Given | undefined>
  clear(): void
}

export function useAct(): Act {
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  return {
    isBusy,
    error,
    clear: () => setError(null),
    run: async (act) => {
      if (isBusy) return undefined
      setBusy(true)
      setError(null)
      try {
        return await act()
      } catch (thrown) {
        setError(thrown)
        return undefined
      } finally {
        setBusy(false)
      }
    },
  }
}
