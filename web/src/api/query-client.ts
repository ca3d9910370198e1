import { QueryClient } from '@tanstack/react-query'
import { shareTagged } from './entity-tags.ts'
import { ApiProblem } from './problem.ts'

const TRIES = 2

/** Kept in memory only, and gone with the page. Answers with a secret never come here: they are results of mutations. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      gcTime: 60_000,
      structuralSharing: shareTagged,
      retry: (count, error) =>
        count < TRIES && (!(error instanceof ApiProblem) || error.status === 0 || error.status >= 502),
    },
    mutations: { gcTime: 0, retry: false },
  },
})
