import type { AuditActionRow } from './audit-action-format.ts'

/** Audit actions of owners, users and the catalogue, and of the audit log itself. */
export const DIRECTORY_ACTIONS = {
  'owner.changed': {
    description: 'Name, notice contact, limits or policy of an owner were changed.',
    target: 'owner',
    altersVerdicts: 'sometimes',
    detail: {
      name: 'text or null',
      notice_email: 'text or null',
      'rate_limits?': 'JSON',
      'quota?': 'JSON',
      'max_lifetime_seconds?': 'number or null',
      'max_keys?': 'number or null',
      'secrets_shortened?': 'number',
      'secrets_ended?': 'number',
    },
  },
  'owner.suspended': {
    description: 'An owner was suspended: none of its credentials works until it is resumed.',
    target: 'owner',
    altersVerdicts: 'always',
    detail: { reason: 'text' },
  },
  'owner.resumed': {
    description: 'A suspended owner was resumed.',
    target: 'owner',
    altersVerdicts: 'always',
    detail: {},
  },
  'policy.changed': {
    description:
      'The policy of an environment was changed. A longest lifetime, and rules that disable keys at a date, reach what exists in steps (`policy.applied`).',
    target: 'environment',
    altersVerdicts: 'never',
    detail: {
      environment: 'text',
      before: 'JSON',
      after: 'JSON',
      'shortens_to_seconds?': 'number',
      'at_once?': 'true or false',
    },
  },
  'policy.applied': {
    description:
      'Existing secrets got an earlier end by the longest lifetime of an environment, or keys got, changed or lost a date at which a rule disables them: one step of several.',
    target: 'environment',
    altersVerdicts: 'sometimes',
    detail: {
      environment: 'text',
      'secrets_shortened?': 'number',
      'secrets_ended?': 'number',
      'keys_dated?': 'number',
    },
  },
  'member.added': {
    description: 'A user was allowed to act for an owner.',
    target: 'user',
    altersVerdicts: 'never',
    detail: {},
  },
  'member.removed': {
    description: 'A user may no longer act for an owner. The grants that the user gave for it were revoked.',
    target: 'user',
    altersVerdicts: 'never',
    detail: {},
  },
  'scope.created': {
    description: 'A scope was added to the catalogue.',
    formerNames: ['scope.declared'],
    target: 'scope',
    altersVerdicts: 'never',
    detail: { apiId: 'text', description: 'text', sensitivity: 'text', implies: 'list of texts' },
  },
  'scope.changed': {
    description: 'The description, sensitivity, API or implied scopes of a scope were changed.',
    target: 'scope',
    altersVerdicts: 'always',
    detail: { apiId: 'text', description: 'text', sensitivity: 'text', implies: 'list of texts' },
  },
  'scope.deprecated': {
    description: 'A scope was deprecated: it is no longer given out, and its holders keep it.',
    target: 'scope',
    altersVerdicts: 'always',
    detail: {},
  },
  'scope.reinstated': {
    description: 'A deprecated scope can be given out again.',
    target: 'scope',
    altersVerdicts: 'always',
    detail: {},
  },
  'scope.removed': {
    description: 'A scope that nothing held was removed from the catalogue.',
    target: 'scope',
    altersVerdicts: 'always',
    detail: {},
  },
  'api.created': {
    description: 'An API was added to the catalogue.',
    formerNames: ['api.declared'],
    target: 'API',
    altersVerdicts: 'never',
    detail: { identifier: 'text', name: 'text' },
  },
  'api.changed': {
    description: 'The identifier or the name of an API was changed.',
    target: 'API',
    altersVerdicts: 'sometimes',
    detail: { identifier: 'text', name: 'text' },
  },
  'user.created': {
    description: 'A user was created.',
    target: 'user',
    altersVerdicts: 'never',
    detail: {},
  },
  'user.disabled': {
    description: 'A user was disabled. Sessions, password links and grants of the user were ended for good.',
    target: 'user',
    altersVerdicts: 'never',
    detail: { reason: 'text', sessions_ended: 'number', grants_revoked: 'number' },
  },
  'user.enabled': {
    description: 'A disabled user was enabled.',
    target: 'user',
    altersVerdicts: 'never',
    detail: {},
  },
  'password_link.created': {
    description: 'A one-time link was created, with which a user sets a password.',
    target: 'user',
    altersVerdicts: 'never',
    detail: {},
  },
  'password.set': {
    description: 'A user set a password. All sessions of the user were ended.',
    target: 'user',
    altersVerdicts: 'never',
    detail: { sessions_ended: 'number' },
  },
  'session.started': {
    description: 'A user signed in.',
    target: 'session',
    altersVerdicts: 'never',
    detail: { by: 'text' },
  },
  'session.ended': {
    description: 'A user signed out, or an admin key ended the session.',
    target: 'session',
    altersVerdicts: 'never',
    detail: { 'user_id?': 'text' },
  },
  'sessions.ended': {
    description: 'All sessions of a user were ended.',
    target: 'user',
    altersVerdicts: 'never',
    detail: { ended: 'number' },
  },
  'login.accepted': {
    description: 'The external login named the user who signs in.',
    target: 'user',
    altersVerdicts: 'never',
    detail: { user_id: 'text', owners: 'list of texts' },
  },
  'login.rejected': {
    description: 'The external login refused a sign-in.',
    target: 'nothing',
    altersVerdicts: 'never',
    detail: { reason: 'text' },
  },
  'branding.changed': {
    description: 'The name, logo, colour or links on pages for people were changed.',
    target: 'branding',
    altersVerdicts: 'never',
    detail: {
      'product_name?': 'from and to',
      'accent_color?': 'from and to',
      'logo?': 'from and to',
      'support_url?': 'from and to',
      'privacy_url?': 'from and to',
      'terms_url?': 'from and to',
    },
  },
  'attempt.refused': {
    description:
      'A request with a valid credential was refused, or a signed-in member gave a wrong password. The result of such an event is `refused`.',
    target: 'the id in the URL',
    altersVerdicts: 'never',
    detail: { code: 'text', method: 'text', route: 'text', 'repeated?': 'number' },
  },
  'audit.archived': {
    description: 'Audit events were archived to a file. The chain in the database begins after them.',
    target: 'nothing',
    altersVerdicts: 'never',
    detail: { after_seq: 'number', seq: 'number', hash: 'text' },
  },
} as const satisfies Record<string, AuditActionRow>
