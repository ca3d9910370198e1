import type { FastifyInstance } from 'fastify'
import type { Pipeline } from '../management/pipeline.ts'
import { findingRoutes } from './finding.routes.ts'
import { remedyRoutes } from './remedy.routes.ts'
import type { RemedyParts } from './remedy-parts.ts'

/** All routes about what needs attention. */
export function findingsRoutes(app: FastifyInstance, pipeline: Pipeline, parts: RemedyParts): void {
  findingRoutes(app, pipeline)
  remedyRoutes(app, pipeline, parts)
}
