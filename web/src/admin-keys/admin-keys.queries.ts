import { infiniteQueryOptions } from '@tanstack/react-query'
import type { Static, TArray, TNull, TObject, TString, TUnion } from 'typebox'
import type { AdminKeyWire } from '../../../src/admin-keys/admin-key.wire.ts'
import { get } from '../api/request.ts'

export type AdminKey = Static<typeof AdminKeyWire>
type Page = TObject<{ data: TArray<typeof AdminKeyWire>; next_cursor: TUnion<[TString, TNull]> }>

export const adminKeysQuery = infiniteQueryOptions({
  queryKey: ['admin-keys'],
  queryFn: ({ signal, pageParam }) => get<Page>('/v1/admin-keys', { query: { cursor: pageParam }, signal }),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next_cursor ?? undefined,
})

/** The latest use of any of its secrets. */
export function lastUseOf({ secrets }: AdminKey) {
  return secrets
    .map(({ last_used_at }) => last_used_at)
    .filter((at) => at !== null)
    .sort()
    .at(-1)
}
