import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

/** Something that a person does: whether it runs, and why it was refused. Its answer goes to whoever runs it, and is not kept. */
export interface Act {
  readonly isBusy: boolean
  readonly error: unknown
  /**
   * Runs one change at a time, and reads again all that is shown: also after a refusal, whose cause may be that something
   * has changed. Returns what the change gives, or undefined where it was refused.
   */
  run<Given>(change: () => Promise<Given>): Promise<Given | undefined>
  /** The same for a question, such as a dry run, which changes nothing. */
  ask<Given>(question: () => Promise<Given>): Promise<Given | undefined>
}

export function useAct(): Act {
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const cache = useQueryClient()
  const once = async <Given>(act: () => Promise<Given>, after: () => Promise<void>) => {
    if (isBusy) return undefined
    setBusy(true)
    setError(null)
    try {
      return await act()
    } catch (thrown) {
      setError(thrown)
      return undefined
    } finally {
      await after()
      setBusy(false)
    }
  }
  return {
    isBusy,
    error,
    run: (change) => once(change, () => cache.invalidateQueries()),
    ask: (question) => once(question, async () => {}),
  }
}
