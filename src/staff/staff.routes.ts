import type { IpRanges, Secret } from '@doorward/sdk/kernel'
import type { FastifyInstance } from 'fastify'
import type { Clock } from '../base/clock.ts'
import { deriveKey } from '../base/derive.ts'
import type { Pipeline } from '../management/pipeline.ts'
import { openProviderFetch, type ProviderFetch } from '../outbound/provider-fetch.ts'
import { isPublicAddress } from '../outbound/public-address.ts'
import type { Pages } from '../pages/pages.ts'
import { factorPages } from './factors/factor-pages.ts'
import { passkeyPages } from './factors/passkey-pages.ts'
import { relyingPartyOf } from './factors/relying-party.ts'
import { secondStepPages } from './factors/second-step-pages.ts'
import { IdentityProvider } from './sso/identity-provider.ts'
import { singleSignOnRoutes } from './sso/single-sign-on.routes.ts'
import { ssoPages } from './sso/sso-pages.ts'
import { staffInvitationRoutes } from './staff-invitation.routes.ts'
import { staffMemberRoutes } from './staff-member.routes.ts'
import { staffOffRoutes } from './staff-off.routes.ts'
import { type StaffPagesParts, staffPages } from './staff-pages.ts'
import { staffSessionRoutes } from './staff-session.routes.ts'
import type { Installation } from './staff-session.wire.ts'

interface StaffParts extends Omit<StaffPagesParts, 'pages' | 'publicUrl'> {
  /** Null without a server secret: staff cannot sign in. */
  readonly pages: Pages | null
  readonly clock: Clock
  readonly serverSecret: Secret | null
  /** Default: by https, at public addresses and those of `ssoNetworks`. */
  readonly providerFetch?: ProviderFetch | undefined
  readonly ssoNetworks: IpRanges | null
}

/** Registers the operations and pages of staff. */
export function staffRoutes(
  app: FastifyInstance,
  pipeline: Pipeline,
  installation: Installation,
  parts: StaffParts,
): void {
  const { pages, clock, serverSecret, ssoNetworks } = parts
  const { publicUrl } = installation
  const mayReach = (ip: string) => isPublicAddress(ip) || ssoNetworks?.includes(ip) === true
  const provider = new IdentityProvider(parts.providerFetch ?? openProviderFetch({ mayReach }), clock)
  const sealKey = serverSecret === null ? null : deriveKey(serverSecret, 'sealed secret')
  staffSessionRoutes(app, pipeline, installation)
  staffMemberRoutes(app, pipeline)
  staffInvitationRoutes(app, pipeline, publicUrl)
  singleSignOnRoutes(app, pipeline, { provider, publicUrl, sealKey })
  if (pages === null || serverSecret === null || sealKey === null) {
    staffOffRoutes(app, publicUrl)
    return
  }
  staffPages({ ...parts, pages, publicUrl })
  ssoPages({ ...parts, pages, provider, publicUrl, sealKey })
  secondStepPages({ ...parts, pages, sealKey })
  factorPages({ ...parts, pages, serverSecret, publicUrl })
  const challengeKey = deriveKey(serverSecret, 'passkey challenge')
  passkeyPages({ ...parts, pages, challengeKey, relyingParty: relyingPartyOf(publicUrl) })
}
