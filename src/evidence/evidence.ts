import type { AuditAction } from '../audit/audit-action.ts'

/**
 * Criteria of the AICPA's Trust Services Criteria (TSP section 100, 2017, with the points of focus of 2022) that the
 * events of Doorward are evidence for, in our words.
 */
export const CRITERIA = {
  'CC6.1':
    'Logical access to protected information is restricted: those who ask for access are identified and authenticated, and credentials are managed through their life.',
  'CC6.2':
    'Who is to have access is registered and authorized before credentials are issued, and credentials are removed when access is no longer authorized.',
  'CC6.3':
    'Access is authorized, modified and removed by roles and responsibilities, with least privilege and segregation of duties in mind.',
} as const

export type Criterion = keyof typeof CRITERIA

interface SectionRow {
  readonly criteria: readonly Criterion[]
  /** The audit actions whose events it lists. */
  readonly actions: readonly string[]
}

/** Sections of the evidence for a period, in the order of the document. */
export const SECTIONS = {
  policies: { criteria: ['CC6.1', 'CC6.3'], actions: ['policy.changed'] },
  keys_created: { criteria: ['CC6.1', 'CC6.2'], actions: ['key.created'] },
  keys_rotated: { criteria: ['CC6.1'], actions: ['key.rotated'] },
  keys_expired: { criteria: ['CC6.1', 'CC6.2'], actions: ['key.expired'] },
  keys_revoked: { criteria: ['CC6.2', 'CC6.3'], actions: ['key.revoked'] },
  keys_disabled: { criteria: ['CC6.2', 'CC6.3'], actions: ['key.disabled', 'key.enabled'] },
  keys_changed: { criteria: ['CC6.3'], actions: ['key.changed'] },
  exposures: { criteria: ['CC6.1'], actions: ['key.exposed', 'admin_key.exposed', 'client.exposed'] },
  exceptions: {
    criteria: ['CC6.1', 'CC6.3'],
    actions: ['finding.accepted', 'finding.acceptance_withdrawn'],
  },
  owners: { criteria: ['CC6.2', 'CC6.3'], actions: ['owner.changed', 'owner.suspended', 'owner.resumed'] },
  apps: {
    criteria: ['CC6.1', 'CC6.2'],
    actions: [
      'client.created',
      'client.registered',
      'client.changed',
      'client.published',
      'client.suspended',
      'client.resumed',
      'client.rotated',
      'client.rotation_finished',
      'client.rotation_undone',
      'client.revoked',
      'client.expired',
    ],
  },
  admin_keys: {
    criteria: ['CC6.1', 'CC6.2', 'CC6.3'],
    actions: [
      'admin_key.created',
      'admin_key.rotated',
      'admin_key.rotation_finished',
      'admin_key.rotation_undone',
      'admin_key.revoked',
    ],
  },
  staff: {
    criteria: ['CC6.2', 'CC6.3'],
    actions: [
      'staff_link.created',
      'staff_invitation.withdrawn',
      'staff.created',
      'staff.changed',
      'staff.disabled',
      'staff.enabled',
      'staff.removed',
    ],
  },
  staff_sign_in: {
    criteria: ['CC6.1'],
    actions: [
      'staff_password.set',
      'staff_factor.enrolled',
      'staff_factor.removed',
      'staff_factors.reset',
      'staff_recovery_codes.created',
      'staff_recovery_code.spent',
      'staff_identity.linked',
      'staff_identity.unlinked',
      'single_sign_on.changed',
      'single_sign_on.removed',
      'single_sign_on.tested',
      'single_sign_on.required',
      'single_sign_on.released',
    ],
  },
  reports: { criteria: [], actions: ['evidence.created', 'audit.archived'] },
} as const satisfies Record<string, SectionRow & { readonly actions: readonly AuditAction[] }>

export type SectionName = keyof typeof SECTIONS

export const SECTION_NAMES = Object.keys(SECTIONS) as readonly SectionName[]

export function sectionOf(name: SectionName): SectionRow {
  return SECTIONS[name]
}

/** Events of a section that a document holds at most, and how far they are counted. */
export const EVENTS_OF_SECTION = 100
export const MOST_COUNTED = 10_000
