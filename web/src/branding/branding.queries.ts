import { queryOptions } from '@tanstack/react-query'
import type { Static } from 'typebox'
import type { BrandingWire } from '../../../src/branding/branding.wire.ts'
import { get } from '../api/request.ts'

export type Branding = Static<typeof BrandingWire>

export const brandingQuery = queryOptions({
  queryKey: ['branding'],
  queryFn: ({ signal }) => get<typeof BrandingWire>('/v1/branding', { signal }),
})
