import { infiniteQueryOptions } from '@tanstack/react-query'
import type { Static } from 'typebox'
import type { DeadCredentialPage } from '../../../src/usage/dead-credential.wire.ts'
import { get, type Search } from '../api/request.ts'

export type DeadCredential = Static<typeof DeadCredentialPage>['data'][number]

export function deadCredentialsQuery(query: Search) {
  return infiniteQueryOptions({
    queryKey: ['dead-credentials', query],
    queryFn: ({ signal, pageParam }) =>
      get<typeof DeadCredentialPage>('/v1/dead-credentials', {
        query: { ...query, cursor: pageParam },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  })
}
