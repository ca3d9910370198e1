import type { AuditActionRow } from './audit-action-format.ts'

/** Audit actions of findings. */
export const FINDING_ACTIONS = {
  'finding.accepted': {
    description: 'What needs attention was accepted for a time, with a reason.',
    target: 'key, app, grant, admin key or mail',
    altersVerdicts: 'never',
    detail: { finding_id: 'text', kind: 'text', subject: 'text', reason: 'text', until: 'time' },
  },
  'finding.acceptance_withdrawn': {
    description: 'The acceptance of a finding was taken back before its time was over.',
    target: 'key, app, grant, admin key or mail',
    altersVerdicts: 'never',
    detail: { finding_id: 'text', kind: 'text', subject: 'text' },
  },
  'finding_settings.changed': {
    description: 'It was changed when something needs attention, or if mails tell of it each week.',
    target: 'settings',
    altersVerdicts: 'never',
    detail: {
      unused_after_days: 'from and to',
      rotate_after_days: 'from and to',
      weekly_mail: 'from and to',
    },
  },
} as const satisfies Record<string, AuditActionRow>
