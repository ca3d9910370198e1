import { queryOptions } from '@tanstack/react-query'
import type { Static, TArray, TObject } from 'typebox'
import type { ApiWire, ScopeWire } from '../../../src/scopes/scope.wire.ts'
import { get } from '../api/request.ts'

export type Scope = Static<typeof ScopeWire>
export type Api = Static<typeof ApiWire>

export const scopesQuery = queryOptions({
  queryKey: ['scopes'],
  queryFn: async ({ signal }) =>
    (await get<TObject<{ data: TArray<typeof ScopeWire> }>>('/v1/scopes', { signal })).data,
  staleTime: 60_000,
})

export const apisQuery = queryOptions({
  queryKey: ['apis'],
  queryFn: async ({ signal }) =>
    (await get<TObject<{ data: TArray<typeof ApiWire> }>>('/v1/apis', { signal })).data,
  staleTime: 60_000,
})
