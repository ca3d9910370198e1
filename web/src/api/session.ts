import { queryOptions, useSuspenseQuery } from '@tanstack/react-query'
import type { TSchema } from 'typebox'
import type { Permission } from '../../../src/management/permission.ts'
import { SERVER_BASE } from './base.ts'
import { change, get } from './request.ts'

/** Who is signed in, and may do what. */
export interface Session {
  readonly staff: {
    readonly id: string
    readonly name: string
    readonly email: string
    readonly role: string
  }
  readonly permissions: readonly string[]
  readonly environments: readonly string[]
  readonly metadata_visible: boolean
  readonly brand: string | null
  readonly public_url: string
}

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async ({ signal }) => (await get<TSchema>('/v1/session', { signal })) as Session,
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

/** Disable, enable, revoke: a part of `keys:write`, and a permission of its own. */
export function useMayEndKeys(): boolean {
  const { permissions } = useSession()
  return permissions.includes('keys:write') || permissions.includes('keys:revoke')
}

export async function signOut(): Promise<void> {
  await change('DELETE', '/v1/session')
  location.replace(`${SERVER_BASE}/staff/signed-out`)
}
