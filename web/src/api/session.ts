import { queryOptions, useSuspenseQuery } from '@tanstack/react-query'
import type { Static } from 'typebox'
import type { Permission } from '../../../src/management/permission.ts'
import type { OwnSessionWire } from '../../../src/staff/staff-session.wire.ts'
import { SERVER_BASE } from './base.ts'
import { change, get } from './request.ts'

/** The signed-in staff member, with permissions. */
export type Session = Static<typeof OwnSessionWire>

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => get<typeof OwnSessionWire>('/v1/session', { signal }),
  staleTime: 60_000,
  refetchOnWindowFocus: 'always',
})

export function useSession(): Session {
  return useSuspenseQuery(sessionQuery).data
}

/** Screens know permissions, never a role. */
export function useCan(): (permission: Permission) => boolean {
  const { permissions } = useSession()
  return (permission) => permissions.includes(permission)
}

export async function signOut(): Promise<void> {
  await change('DELETE', '/v1/session')
  location.replace(`${SERVER_BASE}/staff/signed-out`)
}
