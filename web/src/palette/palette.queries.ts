import { queryOptions } from '@tanstack/react-query'
import type { TSchema } from 'typebox'
import { get } from '../api/request.ts'
import { paths } from '../paths.ts'

/** Something that the palette leads to. */
export interface Found {
  readonly group: 'pages' | 'keys' | 'owners' | 'clients'
  readonly to: string
  readonly name: string
  readonly detail: string
}

const EACH = 5

interface Row {
  readonly id: string
  readonly client_id?: string
  readonly name: string | null
  readonly hint?: string
  readonly owner_id?: string | null
}

/** Keys by name, hint, owner or id. */
export function keysFound(text: string, isAllowed: boolean) {
  return queryOptions({
    queryKey: ['palette', 'keys', text],
    queryFn: async ({ signal }): Promise<Found[]> =>
      (await rows('/v1/keys', text, signal)).map(({ id, name, hint, owner_id }) => ({
        group: 'keys',
        to: paths.key.to(id),
        name: name ?? id,
        detail: [hint, owner_id].filter(Boolean).join(' · '),
      })),
    enabled: isAllowed && text.length > 0,
    retry: false,
  })
}

/** Owners by id or name. */
export function ownersFound(text: string, isAllowed: boolean) {
  return queryOptions({
    queryKey: ['palette', 'owners', text],
    queryFn: async ({ signal }): Promise<Found[]> =>
      (await rows('/v1/owners', text, signal)).map(({ id, name }) => ({
        group: 'owners',
        to: paths.owner.to(id),
        name: name ?? id,
        detail: id,
      })),
    enabled: isAllowed && text.length > 0,
    retry: false,
  })
}

/** Apps by name or id. */
export function clientsFound(text: string, isAllowed: boolean) {
  return queryOptions({
    queryKey: ['palette', 'clients', text],
    queryFn: async ({ signal }): Promise<Found[]> =>
      (await rows('/v1/clients', text, signal)).map(({ id, client_id, name, owner_id }) => ({
        group: 'clients',
        to: paths.client.to(client_id ?? id),
        name: name ?? client_id ?? id,
        detail: owner_id ?? '',
      })),
    enabled: isAllowed && text.length > 0,
    retry: false,
  })
}

async function rows(path: `/v1/${string}`, q: string, signal: AbortSignal): Promise<readonly Row[]> {
  const page = (await get<TSchema>(path, { query: { q, limit: EACH }, signal })) as { data: readonly Row[] }
  return page.data.slice(0, EACH)
}
