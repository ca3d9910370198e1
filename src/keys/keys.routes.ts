import type { FastifyInstance } from 'fastify'
import type { Pipeline } from '../management/pipeline.ts'
import { bulkKeyRoutes } from './bulk-keys.routes.ts'
import type { BulkParts } from './bulk-keys.ts'
import { keyRoutes } from './key.routes.ts'
import { keyLifeRoutes } from './key-life.routes.ts'
import { keyListRoutes } from './key-list.routes.ts'
import { scopeHolderRoutes } from './scope-holder.routes.ts'

/** All routes by which admin keys manage API keys. */
export function keysRoutes(app: FastifyInstance, pipeline: Pipeline, parts: BulkParts): void {
  keyRoutes(app, pipeline, parts)
  keyListRoutes(app, pipeline)
  keyLifeRoutes(app, pipeline, parts)
  bulkKeyRoutes(app, pipeline, parts)
  scopeHolderRoutes(app, pipeline)
}
