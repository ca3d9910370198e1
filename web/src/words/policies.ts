import { counted } from './counted.ts'
import { countWords, durationWords } from './time-words.ts'

/** Words of the pages about policies: rules for keys, per environment. */
export const policyWords = {
  title: 'Policies',
  lead: 'Rules for keys and their secrets, per environment. An owner’s own limits replace some of them.',
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
  },
  from: {
    owner: 'the owner’s own',
    environment: '',
    configuration: 'as configured',
  } as Readonly<Record<string, string>>,
  value: (rule: string, value: unknown): string => {
    if (rule === 'never_expires_allowed') return value === true ? 'allowed' : 'not allowed'
    if (rule === 'ip_allowlist_required') return value === true ? 'required' : 'not required'
    if (value === null || value === undefined) return 'no rule'
    if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ')
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
    'The rules hold for what is made or changed from now on. Only the longest lifetime reaches secrets that exist.',
  preset: 'Begin with a preset',
  presetHint: 'It fills in the form, and changes nothing yet.',
  presets: {
    open: 'open: no rules',
    standard: 'standard: a year, and 90 days where none is named',
    soc2: 'soc2: 90 days, nothing without an end',
  } as Readonly<Record<string, string>>,
  choose: 'choose …',
  maxLifetime: 'Longest lifetime of a secret, in days',
  maxLifetimeHint: (configured: string) =>
    `Counted from when it was made. Empty: as configured, ${configured}.`,
  defaultLifetime: 'Lifetime where none is named, in days',
  defaultLifetimeHint: 'Empty: the longest.',
  never: 'Secrets without an end are allowed',
  neverHint: 'Off: each new secret has an end. Existing ones keep theirs.',
  maxOverlap: 'Longest overlap of a rotation, in days',
  maxOverlapHint: 'Both secrets work for at most so long; an hour is 0.0417. Empty: 90 days.',
  maxKeys: 'Keys of one owner',
  maxKeysHint: 'In this environment, neither revoked nor expired. Empty: as configured.',
  allowList: 'Each new key needs an allow-list of addresses',
  allowListHint: 'Existing keys without one keep working.',
  someScopes: 'Only some scopes can be given to keys',
  someScopesHint: 'What a chosen scope implies comes with it. Keys keep what they have.',
  scopes: 'Scopes that keys can be given',

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
  effectNone: 'No existing secret would end earlier.',
  effect: (shortened: number, ended: number, isAll: boolean) =>
    `${isAll ? '' : 'More than '}${counted(shortened, 'secret')} would end earlier than now${
      ended === 0 ? '' : `, and ${counted(ended, 'more', 'more')} at once`
    }. None that ended comes back if the rule is lifted.`,
  effectCaption: 'Those that would end first',
  holder: 'Key or app',
  owner: 'Owner',
  provider: 'your own',
  expires: 'Ends now',
  ends: 'Would end',
  lastUsed: 'Last used',
  atOnce: 'Do not wait 30 days: end secrets that are too old at once',
  atOnceHint:
    'Otherwise nothing ends sooner than 30 days from now. Programs that use these secrets stop without notice.',
}
