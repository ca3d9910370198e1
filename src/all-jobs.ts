import { deleteOldAttempts } from './audit/refused-attempt.store.ts'
import type { Clock } from './base/clock.ts'
import { pruneChanges } from './changes/change.store.ts'
import { forgetOldAssertions } from './clients/authentication/client-assertion.store.ts'
import { revokeUnusedClients } from './clients/registration/revoke-unused-clients.ts'
import { pruneUnusedClients } from './clients/registration/unregistered-client.store.ts'
import { goOnFinding } from './findings/find-findings.ts'
import { mailFindings } from './findings/mail-findings.ts'
import type { Job } from './jobs/job-runner.ts'
import { dateUnusedKeys, disableByPolicy } from './keys/disable-by-policy.ts'
import { finishSilentRotations } from './keys/finish-silent-rotations.ts'
import { refreshKeyHints } from './keys/key-hints.store.ts'
import { recordExpiredKeys } from './keys/record-expired-keys.ts'
import { forgetOldQuotas } from './limits/quota.store.ts'
import { forgetOldSpends } from './limits/repeated-spends.store.ts'
import { forgetOldRequests } from './management/idempotency.ts'
import { claimDueNotices } from './notices/claim-notices.ts'
import { forgetOldMails } from './notices/mail.store.ts'
import { type Mailing, sendMails } from './notices/send-mails.ts'
import { writeMails } from './notices/write-mails.ts'
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
import { pruneVerifiers } from './verifiers/verifier.store.ts'

/** Ten minutes: none of this is urgent, since every check compares moments by itself. */
const EVERY_SECONDS = 600

/** All that servers do by themselves, but for mails ({@link mailJobs}). */
export const JOBS: readonly Job[] = [
  job(
    'forget_old_requests',
    forgetOldRequests,
    'Removes the answers that idempotent requests got, once they cannot be asked for any more',
  ),
  job('delete_old_attempts', deleteOldAttempts, 'Removes refused attempts that are older than two weeks'),
  job('forget_old_batches', forgetOldBatches, 'Removes the ids of usage batches after a day'),
  job('roll_up_usage', rollUpUsage, 'Adds minutes of usage up to hours, and hours to days'),
  job('forget_old_quotas', forgetOldQuotas, 'Removes what was spent of quotas in periods that are over'),
  job('forget_old_spends', forgetOldSpends, 'Removes the ids of spends of quotas after two minutes', 60),
  job('prune_changes', pruneChanges, 'Removes changes from the outbox after an hour'),
  job('prune_verifiers', pruneVerifiers, 'Removes verifiers that have not reported for long'),
  job('forget_old_assertions', forgetOldAssertions, 'Removes client assertions that have expired'),
  job('prune_challenges', pruneChallenges, 'Removes sign-ins that were started and not ended'),
  job('prune_sessions', pruneSessions, 'Removes sessions of users that are over'),
  job('prune_password_links', prunePasswordLinks, 'Removes links for passwords that have expired'),
  job(
    'prune_staff_links',
    pruneStaffLinks,
    'Removes invitations and sign-in links of staff that have expired',
  ),
  job('prune_staff_sessions', pruneStaffSessions, 'Removes sessions of staff that are over'),
  job(
    'prune_staff_sign_ins',
    pruneStaffSignIns,
    'Removes sign-ins of staff whose second step did not follow',
  ),
  job('prune_sso_flows', pruneSsoFlows, 'Removes single sign-ons that were started and not ended'),
  job(
    'prune_spent_challenges',
    pruneSpentChallenges,
    'Removes challenges of passkeys that were used and have expired',
  ),
  job(
    'prune_unused_clients',
    pruneUnusedClients,
    'Removes self-registered apps that nobody has allowed within a week',
  ),
  job(
    'prune_authorization_requests',
    pruneAuthorizationRequests,
    'Removes authorization requests that have expired',
  ),
  job('prune_authorization_codes', pruneAuthorizationCodes, 'Removes authorization codes that have expired'),
  job('prune_tokens', pruneTokens, 'Removes access and refresh tokens that have expired'),
  job(
    'revoke_unused_clients',
    revokeUnusedClients,
    'Revokes self-registered apps whose users have all removed them',
  ),
  job(
    'finish_silent_rotations',
    finishSilentRotations,
    'Finishes rotations whose old secret has been silent for as long as asked',
  ),
  job('record_expired_keys', recordExpiredKeys, 'Writes `key.expired` for keys that have expired'),
  job(
    'disable_by_policy',
    disableByPolicy,
    'Disables keys at the date that a rule of the policy has set: not rotated, without an allow-list, or unused',
    60,
  ),
  job(
    'date_unused_keys',
    dateUnusedKeys,
    'Gives keys that have been unused for longer than the policy allows the date at which they are disabled',
  ),
  job(
    'refresh_key_hints',
    refreshKeyHints,
    'Notes for the lists of keys when those of older servers were last used',
  ),
  job(
    'find_findings',
    (db, now) => goOnFinding(db, now),
    'Looks once an hour for what needs attention: what is unused, too old, too strong, or used from a strange place',
    60,
  ),
  job('mail_findings', mailFindings, 'Writes the weekly mails about what needs attention', 3600),
  job('claim_notices', claimDueNotices, 'Finds the secrets whose people are to be told that they end'),
  job('forget_old_mails', forgetOldMails, 'Removes mails after 90 days, and notices of ends long past'),
]

/** Mails are written and sent more often: a test mail is waited for. */
const MAIL_EVERY_SECONDS = 15

/** The jobs that need more than the database. */
export function mailJobs(mailing: Mailing, clock: Clock): readonly Job[] {
  return [
    {
      name: 'send_mails',
      everySeconds: MAIL_EVERY_SECONDS,
      isRemote: true,
      summary: 'Writes the mails for notices that are due, and sends them',
      run: async (db, now) => {
        await writeMails(db, now)
        await sendMails(db, mailing, clock)
      },
    },
  ]
}

function job(name: string, run: Job['run'], summary: string, everySeconds = EVERY_SECONDS): Job {
  return { name, everySeconds, summary, run }
}
