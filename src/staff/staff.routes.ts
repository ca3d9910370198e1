import type { FastifyInstance } from 'fastify'
import type { Pipeline } from '../management/pipeline.ts'
import type { Pages } from '../pages/pages.ts'
import { staffInvitationRoutes } from './staff-invitation.routes.ts'
import { staffMemberRoutes } from './staff-member.routes.ts'
import { staffOffRoutes } from './staff-off.routes.ts'
import { type StaffPagesParts, staffPages } from './staff-pages.ts'
import { staffSessionRoutes } from './staff-session.routes.ts'
import type { Installation } from './staff-session.wire.ts'

/** Registers the operations and pages of staff. @param pages null without a server secret: nobody can sign in */
export function staffRoutes(
  app: FastifyInstance,
  pipeline: Pipeline,
  installation: Installation,
  parts: Omit<StaffPagesParts, 'pages'> & { readonly pages: Pages | null },
): void {
  staffSessionRoutes(app, pipeline, installation)
  staffMemberRoutes(app, pipeline)
  staffInvitationRoutes(app, pipeline, installation.publicUrl)
  const { pages } = parts
  if (pages === null) staffOffRoutes(app, installation.publicUrl)
  else staffPages({ ...parts, pages })
}
