import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { appWords as words } from '../words/app.ts'
import { ProblemBox } from './problem-box.tsx'

export function Loading() {
  return <p className="loading">{words.loading}</p>
}

/** Shows what a query found: its data, that it loads, or the problem with a way to try again. */
export function Loaded<Found>({
  query,
  children,
}: {
  readonly query: UseQueryResult<Found, Error>
  readonly children: (found: Found) => ReactNode
}) {
  if (query.data !== undefined)
    return (
      <>
        {query.error !== null && <ProblemBox error={query.error} onRetry={() => void query.refetch()} />}
        {children(query.data)}
      </>
    )
  if (query.error !== null) return <ProblemBox error={query.error} onRetry={() => void query.refetch()} />
  return <Loading />
}
