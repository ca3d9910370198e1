import { counted } from './counted.ts'
import { countWords, durationWords } from './time-words.ts'

/** Words of the pages about policies: rules for keys, per environment. */
export const policyWords = {
  title: 'Policies',
  lead: 'Rules for keys and their secrets, per environment. An owner’s own rules replace them.',
  inSettings: 'Environments, and what keys may be like in each.',
  test: 'test',
  mayChangeTest: 'Its keys can be changed by administrators and developers.',
  mayChangeLive: 'Its keys can be changed by administrators, and not by developers.',
  change: 'Change',
  changeOf: (environment: string) => `Change the policy of ${environment}`,
  rules: {
    max_lifetime_seconds: 'Longest lifetime of a secret',
    default_lifetime_seconds: 'Lifetime where none is named',
    never_expires_allowed: 'Secrets without an end',
    max_overlap_seconds: 'Longest overlap of a rotation',
    max_keys: 'Keys of one owner',
    ip_allowlist_required: 'Allow-list of addresses',
    allowed_scopes: 'Scopes that keys can be given',
    owner_allowed_scopes: 'Of these, by callers of one owner',
    rotate_every_days: 'Rotation of a key is due after',
    disable_unused_after_days: 'A key is unused for too long after',
    notice_tiers: 'Notices, in days before an end',
  },
  from: {
    owner: 'the owner’s own',
    environment: '',
    configuration: 'as configured',
  } as Readonly<Record<string, string>>,
  value: (rule: string, value: unknown): string => {
    if (rule === 'never_expires_allowed') return value === true ? 'allowed' : 'not allowed'
    if (rule === 'ip_allowlist_required') return value === true ? 'required' : 'not required'
    if (rule === 'notice_tiers' && !Array.isArray(value)) return '30, 7, 1'
    if (value === null || value === undefined) return 'no rule'
    if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ')
    if (rule.endsWith('_days')) return counted(Number(value), 'day')
    return rule === 'max_keys' ? countWords(Number(value)) : durationWords(Number(value))
  },
  lastChanged: 'Last changed',
  neverChanged: 'never: only the configuration applies',
  running: 'Existing secrets are being shortened',
  runningSoFar: (shortened: number, ended: number) =>
    `So far ${counted(shortened, 'secret ends', 'secrets end')} earlier, and ${countWords(ended)} ended.`,

  noneThere: (environment: string) => `${environment} is not an environment of yours`,
  editTitle: (environment: string) => `Policy of ${environment}`,
  editLead:
    'The rules hold for what is made or changed from now on. A longest lifetime reaches secrets that exist; rotation, lack of use and a missing allow-list disable existing keys at a date.',
  preset: 'Begin with a preset',
  presetHint: 'It fills in the form, and changes nothing yet.',
  presets: {
    open: 'open: no rules',
    standard: 'standard: a year, and 90 days where none is named',
    soc2: 'soc2: 90 days, nothing without an end, rotation due after 60',
  } as Readonly<Record<string, string>>,
  choose: 'choose …',
  maxLifetime: 'Longest lifetime of a secret',
  maxLifetimeHint: (configured: string) =>
    `Such as 90 days or 12 h, counted from when it was made. Empty: as configured, ${configured}.`,
  defaultLifetime: 'Lifetime where none is named',
  defaultLifetimeHint: 'Empty: the longest.',
  never: 'Secrets without an end are allowed',
  neverHint: 'Off: each new secret has an end. Existing ones keep theirs.',
  maxOverlap: 'Longest overlap of a rotation',
  maxOverlapHint: 'Both secrets work for at most so long, such as 7 days or 1 h. Empty: 90 days.',
  maxKeys: 'Keys of one owner',
  maxKeysHint: 'In this environment, neither revoked nor expired. Empty: as configured.',
  allowList: 'Each new key needs an allow-list of addresses',
  allowListHint:
    'Existing keys without one are disabled once they have been told, unless they are given one.',
  someScopes: 'Only some scopes can be given to keys',
  someScopesHint: 'What a chosen scope implies comes with it. Keys keep what they have.',
  scopes: 'Scopes that keys can be given',
  ownerScopes: 'Callers of one owner can give only some of these',
  ownerScopesHint: 'Admin keys that are bound to an owner. Staff and your own admin keys are not meant.',
  scopesOfOwners: 'Scopes that callers of one owner can give',
  rotateEvery: 'Rotation of a key is due after, in days',
  rotateEveryHint: 'A key that is not rotated in the 30 days that follow is disabled. Empty: no rule.',
  disableUnused: 'Too long without use, in days',
  disableUnusedHint: 'It is disabled 30 days later, unless it is used. Empty: no rule.',
  noNotices: 'Nobody is told before a secret ends',
  noNoticesHint: 'That it has ended is told all the same.',
  noticeTiers: 'Notices, in days before the end',
  noticeTiersHint:
    'Whole days, separated by commas; one before the middle of a secret’s life is left out. Empty: 30, 7, 1.',

  changes: 'What changes',
  changesCaption: 'Rules before and after',
  rule: 'Rule',
  before: 'Now',
  after: 'Then',
  nothing: 'Nothing differs from the policy as it is.',
  preview: 'See what it does',
  save: 'Save the policy',
  saveAtOnce: 'Save, and end these at once',
  effectTitle: 'Secrets that would end earlier',
  effectNone: 'No existing secret would end earlier, and no existing key would be disabled.',
  effect: (shortened: number, ended: number, isAll: boolean) =>
    `${isAll ? '' : 'More than '}${counted(shortened, 'secret')} would end earlier than now${
      ended === 0 ? '' : `, and ${counted(ended, 'more', 'more')} at once`
    }. None that ended comes back if the rule is lifted.`,
  effectCaption: 'Those that would end first',
  disabledTitle: 'Keys that would be disabled',
  disabled: (rule: string, keys: number, atOnce: number, isAll: boolean) => {
    const many = `${isAll ? '' : 'More than '}${counted(keys, 'key')}`
    const unless =
      {
        rotate_every_days: 'unless rotated by then',
        ip_allowlist_required: 'unless given an allow-list by then',
      }[rule] ?? 'unless used by then'
    return `${many} would be disabled at a date, ${unless}${
      atOnce === 0 ? '' : `; ${countWords(atOnce)} of these at once`
    }. None that was disabled comes back if the rule is lifted.`
  },
  disabledCaption: (rule: string) =>
    ({
      rotate_every_days: 'Not rotated: those that would be disabled first',
      ip_allowlist_required: 'Without an allow-list: those that would be disabled first',
    })[rule] ?? 'Unused: those that would be disabled first',
  key: 'Key',
  disables: 'Would be disabled',
  dating: 'Existing keys are given the dates of a changed rule',
  datingSoFar: (keys: number) => `So far ${counted(keys, 'key has', 'keys have')} another date.`,
  holder: 'Key or app',
  owner: 'Owner',
  provider: 'your own',
  expires: 'Ends now',
  ends: 'Would end',
  lastUsed: 'Last used',
  atOnce: 'Do not wait for the notices: end and disable at once',
  atOnceHint:
    'Otherwise nothing ends sooner than the longest notice, as a rule 30 days. Programs that use these keys stop without notice. Unused keys always have their 30 days.',
}
