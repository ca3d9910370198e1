import type { AuditActionRow } from './audit-action-format.ts'

/** Audit actions of staff, the people who run the API. */
export const STAFF_ACTIONS = {
  'staff.created': {
    description: 'A staff member used the link of an invitation, or the first link of all.',
    target: 'staff member',
    altersVerdicts: 'never',
    detail: { email: 'text', role: 'text', by: 'text' },
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
  'staff_session.started': {
    description: 'A staff member signed in.',
    target: 'staff session',
    altersVerdicts: 'never',
    detail: { by: 'list of texts' },
  },
  'staff_session.confirmed': {
    description: 'A signed-in staff member proved a factor again, for dangerous operations.',
    target: 'staff session',
    altersVerdicts: 'never',
    detail: { by: 'text' },
  },
  'staff_session.ended': {
    description: 'A staff member signed out, or ended another session of their own.',
    target: 'staff session',
    altersVerdicts: 'never',
    detail: {},
  },
} as const satisfies Record<string, AuditActionRow>
