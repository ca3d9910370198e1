import { type AuditActionRow, EXPOSURE, HINTS, NOTICED } from './audit-action-format.ts'

/** Id of the bulk change that an event is a part of. */
const BATCH = { 'batch?': 'text' } as const

/** Audit actions of API keys and admin keys. */
export const KEY_ACTIONS = {
  'key.created': {
    description: 'An API key was created with its first secret.',
    target: 'key',
    altersVerdicts: 'always',
    detail: {
      hint: 'text',
      name: 'text',
      environment: 'text',
      scopes: 'list of texts',
      ip_allowlist: 'list of texts or null',
      expires_at: 'time or null',
      'rate_limits?': 'JSON',
      'quota?': 'JSON',
      'self_rotation?': 'true or false',
      'auto_rotate_after_days?': 'number',
      'note?': 'text',
    },
  },
  'key.changed': {
    description:
      'Settings of a key were changed. The detail holds the new values, and for scopes and the note the ones before.',
    target: 'key',
    altersVerdicts: 'always',
    detail: {
      'name?': 'text',
      'scopes?': 'list of texts',
      'scopes_before?': 'list of texts',
      'ip_allowlist?': 'list of texts or null',
      'metadata?': 'text',
      'expires_at?': 'time or null',
      'rate_limits?': 'JSON',
      'quota?': 'JSON',
      'self_rotation?': 'true or false',
      'auto_rotate_after_days?': 'number or null',
      'note?': 'text or null',
      'note_before?': 'text or null',
      'batch?': 'text',
    },
  },
  'key.disabled': {
    description:
      'A key was disabled until it is enabled again. `rule`: by the policy, at the date that had been stated.',
    target: 'key',
    altersVerdicts: 'always',
    detail: { ...BATCH, 'rule?': 'text', 'stated_at?': 'time', ...NOTICED },
  },
  'key.enabled': {
    description: 'A disabled key was enabled.',
    target: 'key',
    altersVerdicts: 'always',
    detail: BATCH,
  },
  'key.rotated': {
    description:
      'A key got a new secret. The old one works until the overlap ends. Where people had been told of its end, the detail says when.',
    target: 'key',
    altersVerdicts: 'always',
    detail: { ...HINTS, ends_at: 'time', ...NOTICED },
  },
  'key.rotation_changed': {
    description: 'The end of the overlap was moved, or the silence of the old secret after which it ends.',
    target: 'key',
    altersVerdicts: 'always',
    detail: { ...HINTS, ends_at: 'time', finish_when_silent_seconds: 'number or null' },
  },
  'key.rotation_finished': {
    description: 'The overlap was ended: only the new secret works. `because`: by itself.',
    target: 'key',
    altersVerdicts: 'always',
    detail: { ...HINTS, 'because?': 'text' },
  },
  'key.rotation_undone': {
    description: 'The new, unused secret was revoked. The old one works as before.',
    target: 'key',
    altersVerdicts: 'always',
    detail: HINTS,
  },
  'key.revoked': {
    description: 'A key was revoked for good, with all its secrets.',
    target: 'key',
    altersVerdicts: 'always',
    detail: { reason: 'text', ...BATCH, ...NOTICED },
  },
  'key.expired': {
    description:
      'A key expired: none of its secrets works any more. Written within minutes; verifiers refuse it from the second that `expired_at` says.',
    target: 'key',
    altersVerdicts: 'never',
    detail: { expired_at: 'time', ...NOTICED },
  },
  'key.exposed': {
    description: 'A secret of a key was sent in a URL, for the first time.',
    target: 'key',
    altersVerdicts: 'never',
    detail: EXPOSURE,
  },
  'admin_key.created': {
    description: 'An admin key was created.',
    target: 'admin key',
    altersVerdicts: 'always',
    detail: {
      hint: 'text',
      name: 'text',
      permissions: 'list of texts',
      'environments?': 'list of texts',
      'hides_metadata?': 'true or false',
    },
  },
  'admin_key.rotated': {
    description: 'An admin key got a new secret. The old one works until the overlap ends.',
    target: 'admin key',
    altersVerdicts: 'always',
    detail: { ...HINTS, ends_at: 'time', ...NOTICED },
  },
  'admin_key.rotation_finished': {
    description: 'The overlap was ended: only the new secret works.',
    target: 'admin key',
    altersVerdicts: 'always',
    detail: HINTS,
  },
  'admin_key.rotation_undone': {
    description: 'The new, unused secret was revoked. The old one works as before.',
    target: 'admin key',
    altersVerdicts: 'always',
    detail: HINTS,
  },
  'admin_key.revoked': {
    description: 'An admin key was revoked for good.',
    target: 'admin key',
    altersVerdicts: 'always',
    detail: { reason: 'text' },
  },
  'admin_key.exposed': {
    description: 'A secret of an admin key was sent in a URL, for the first time.',
    target: 'admin key',
    altersVerdicts: 'never',
    detail: EXPOSURE,
  },
} as const satisfies Record<string, AuditActionRow>
