import type { AuditActionRow } from './audit-action-format.ts'

/** Audit actions of staff, the people who run the API. */
export const STAFF_ACTIONS = {
  'staff.created': {
    description: 'A staff member used the link of an invitation, or the first link of all.',
    target: 'staff member',
    altersVerdicts: 'never',
    detail: { email: 'text', role: 'text', by: 'text' },
  },
  'staff.changed': {
    description: 'The role of a staff member was changed. It holds from the next request on.',
    target: 'staff member',
    altersVerdicts: 'never',
    detail: { role: 'from and to' },
  },
  'staff.disabled': {
    description: 'A staff member was disabled. Sessions and links of the member were ended for good.',
    target: 'staff member',
    altersVerdicts: 'never',
    detail: { reason: 'text', sessions_ended: 'number' },
  },
  'staff.enabled': {
    description: 'A disabled staff member was enabled.',
    target: 'staff member',
    altersVerdicts: 'never',
    detail: {},
  },
  'staff.removed': {
    description: 'A staff member was removed for good, with all sessions and links.',
    target: 'staff member',
    altersVerdicts: 'never',
    detail: { reason: 'text', sessions_ended: 'number' },
  },
  'staff_invitation.withdrawn': {
    description: 'An invitation was withdrawn: its link no longer works.',
    target: 'staff link',
    altersVerdicts: 'never',
    detail: {},
  },
  'staff_sessions.ended': {
    description: 'All sessions of a staff member were ended.',
    target: 'staff member',
    altersVerdicts: 'never',
    detail: { ended: 'number' },
  },
  'staff_link.created': {
    description:
      'A one-time link for staff was created: for the first administrator, an invitation or a new password.',
    target: 'staff link',
    altersVerdicts: 'never',
    detail: { kind: 'text', 'email?': 'text', 'role?': 'text' },
  },
  'staff_password.set': {
    description: 'A staff member set a password. All sessions of the member were ended.',
    target: 'staff member',
    altersVerdicts: 'never',
    detail: { sessions_ended: 'number' },
  },
  'staff_factor.enrolled': {
    description: 'A staff member enrolled a second factor. All other sessions of the member were ended.',
    target: 'staff member',
    altersVerdicts: 'never',
    detail: { kind: 'text', name: 'text', 'replaced?': 'true or false', sessions_ended: 'number' },
  },
  'staff_factor.renamed': {
    description: 'A staff member renamed a second factor.',
    target: 'staff member',
    altersVerdicts: 'never',
    detail: { kind: 'text', name: 'text' },
  },
  'staff_factor.removed': {
    description:
      'A staff member removed a second factor of their own. All other sessions of the member were ended.',
    target: 'staff member',
    altersVerdicts: 'never',
    detail: { kind: 'text', name: 'text', sessions_ended: 'number' },
  },
  'staff_factors.reset': {
    description:
      'All second factors of a staff member were removed, by an administrator or at the command line. All sessions of the member were ended.',
    target: 'staff member',
    altersVerdicts: 'never',
    detail: { kinds: 'list of texts', sessions_ended: 'number' },
  },
  'staff_recovery_codes.created': {
    description: 'A staff member got recovery codes. Earlier ones no longer work.',
    target: 'staff member',
    altersVerdicts: 'never',
    detail: { codes: 'number' },
  },
  'staff_recovery_code.spent': {
    description: 'A staff member used a recovery code in place of a second factor.',
    target: 'staff member',
    altersVerdicts: 'never',
    detail: { left: 'number' },
  },
  'staff_session.started': {
    description: 'A staff member signed in.',
    target: 'staff session',
    altersVerdicts: 'never',
    detail: { by: 'list of texts', 'methods?': 'list of texts' },
  },
  'staff_session.confirmed': {
    description: 'A signed-in staff member proved a factor again, for dangerous operations.',
    target: 'staff session',
    altersVerdicts: 'never',
    detail: { by: 'text', 'methods?': 'list of texts' },
  },
  'staff_session.ended': {
    description: 'A staff member signed out, or ended another session of their own.',
    target: 'staff session',
    altersVerdicts: 'never',
    detail: {},
  },
  'staff_identity.linked': {
    description:
      'A staff member was linked to a person at the identity provider, who can sign in as that member from now on.',
    target: 'staff member',
    altersVerdicts: 'never',
    detail: { issuer: 'text', subject: 'text', by: 'text' },
  },
  'staff_identity.unlinked': {
    description:
      'A staff member was unlinked from the identity provider. All sessions of the member were ended.',
    target: 'staff member',
    altersVerdicts: 'never',
    detail: { issuer: 'text', subject: 'text', sessions_ended: 'number' },
  },
  'single_sign_on.changed': {
    description: 'The identity provider of staff was set or changed.',
    target: 'single sign-on',
    altersVerdicts: 'never',
    detail: {
      issuer: 'text',
      client_id: 'text',
      client_secret: 'text',
      domains: 'list of texts',
      default_role: 'text',
    },
  },
  'single_sign_on.removed': {
    description: 'The identity provider of staff was removed.',
    target: 'single sign-on',
    altersVerdicts: 'never',
    detail: { issuer: 'text', client_id: 'text' },
  },
  'single_sign_on.tested': {
    description: 'A staff member who may change staff signed in by the identity provider.',
    target: 'single sign-on',
    altersVerdicts: 'never',
    detail: { issuer: 'text', states_auth_time: 'true or false' },
  },
  'single_sign_on.required': {
    description:
      'Single sign-on was required: every other sign-in of staff is refused. Sessions that began otherwise ended.',
    target: 'single sign-on',
    altersVerdicts: 'never',
    detail: { issuer: 'text', sessions_ended: 'number' },
  },
  'single_sign_on.released': {
    description: 'Single sign-on is no longer required: other sign-ins of staff are accepted again.',
    target: 'single sign-on',
    altersVerdicts: 'never',
    detail: { issuer: 'text' },
  },
} as const satisfies Record<string, AuditActionRow>
