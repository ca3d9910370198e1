import type { Secret } from '@doorward/sdk/kernel'
import type { FastifyInstance } from 'fastify'
import { deriveKey } from '../base/derive.ts'
import type { Pipeline } from '../management/pipeline.ts'
import type { Pages } from '../pages/pages.ts'
import { factorPages } from './factors/factor-pages.ts'
import { secondStepPages } from './factors/second-step-pages.ts'
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
  parts: Omit<StaffPagesParts, 'pages'> & {
    readonly pages: Pages | null
    readonly serverSecret: Secret | null
  },
): void {
  staffSessionRoutes(app, pipeline, installation)
  staffMemberRoutes(app, pipeline)
  staffInvitationRoutes(app, pipeline, installation.publicUrl)
  const { pages, serverSecret } = parts
  if (pages === null || serverSecret === null) {
    staffOffRoutes(app, installation.publicUrl)
    return
  }
  staffPages({ ...parts, pages })
  secondStepPages({ ...parts, pages, sealKey: deriveKey(serverSecret, 'sealed secret') })
  factorPages({ ...parts, pages, serverSecret, publicUrl: installation.publicUrl })
}
