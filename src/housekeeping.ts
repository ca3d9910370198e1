import { deleteOldAttempts } from './audit/refused-attempt.store.ts'
import { pruneChanges } from './changes/change.store.ts'
import { forgetOldAssertions } from './clients/authentication/client-assertion.store.ts'
import { revokeUnusedClients } from './clients/registration/revoke-unused-clients.ts'
import { pruneUnusedClients } from './clients/registration/unregistered-client.store.ts'
import type { Db } from './db/schema.ts'
import { finishSilentRotations } from './keys/finish-silent-rotations.ts'
import { refreshKeyHints } from './keys/key-hints.store.ts'
import { forgetOldQuotas } from './limits/quota.store.ts'
import { forgetOldRequests } from './management/idempotency.ts'
import { pruneAuthorizationCodes } from './oauth/authorize/authorization-code.store.ts'
import { pruneAuthorizationRequests } from './oauth/authorize/authorization-request.store.ts'
import { pruneTokens } from './oauth/tokens/token-family.store.ts'
import { pruneSessions } from './sessions/session.store.ts'
import { pruneChallenges } from './sign-in/login-challenge.store.ts'
import { pruneSpentChallenges } from './staff/factors/passkey.store.ts'
import { pruneSsoFlows } from './staff/sso/sso-flow.store.ts'
import { pruneStaffLinks } from './staff/staff-link.store.ts'
import { pruneStaffSessions } from './staff/staff-session.store.ts'
import { pruneStaffSignIns } from './staff/staff-sign-in.store.ts'
import { forgetOldBatches } from './usage/usage.store.ts'
import { rollUpUsage } from './usage/usage-roll-up.store.ts'
import { prunePasswordLinks } from './users/password-link.store.ts'

/** Housekeeping: each removes rows that have expired. */
export const TIDYING: readonly ((db: Db, now: Date) => Promise<void>)[] = [
  forgetOldRequests,
  deleteOldAttempts,
  forgetOldBatches,
  rollUpUsage,
  forgetOldQuotas,
  pruneChanges,
  forgetOldAssertions,
  pruneChallenges,
  pruneSessions,
  prunePasswordLinks,
  pruneStaffLinks,
  pruneStaffSessions,
  pruneStaffSignIns,
  pruneSsoFlows,
  pruneSpentChallenges,
  pruneUnusedClients,
  pruneAuthorizationRequests,
  pruneAuthorizationCodes,
  pruneTokens,
  revokeUnusedClients,
  finishSilentRotations,
  refreshKeyHints,
]
