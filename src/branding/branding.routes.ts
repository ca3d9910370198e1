import type { FastifyInstance } from 'fastify'
import { yes } from '../base/result.ts'
import { changesPrepared, type Pipeline, reads } from '../management/pipeline.ts'
import { brandFileRoutes } from './brand-files.routes.ts'
import { findBranding } from './branding.store.ts'
import { BrandingChangeWire, BrandingWire, fromBrandingChange, toBrandingWire } from './branding.wire.ts'
import { changeBranding } from './change-branding.ts'
import type { ShownBranding } from './shown-branding.ts'

const url = '/v1/branding'
const common = { tag: 'Branding', url, status: 200, answer: BrandingWire } as const

/** Operations on the name, logo and colour of pages for people, and their files. */
export function brandingRoutes(
  app: FastifyInstance,
  pipeline: Pipeline,
  publicUrl: string,
  shown: ShownBranding,
): void {
  brandFileRoutes(app, shown)
  const get = {
    ...common,
    id: 'getBranding',
    hasEntityTag: true,
    method: 'GET',
    permission: 'owners:read',
    // It is on pages that everybody can see.
    withinEnvironments: true,
    summary: 'Name, logo and colour of pages for people, with the contrast of the colour',
  } as const
  reads(app, pipeline, get, async ({ db }) => yes(toBrandingWire(await findBranding(db), publicUrl)))

  const change = {
    ...common,
    id: 'changeBranding',
    method: 'PATCH',
    permission: 'branding:write',
    summary: 'Change name, logo, colour or links; other servers show it within five seconds',
    body: BrandingChangeWire,
    problems: ['unusable_logo'],
  } as const
  changesPrepared(
    app,
    pipeline,
    change,
    async ({ body }) => fromBrandingChange(body),
    async ({ db, caller }, update) =>
      yes(toBrandingWire(await changeBranding(db, caller, update), publicUrl)),
  )
}
