import type { EvidenceOf, FindingHolderKind, FindingKind } from '../../../src/findings/finding.ts'
import type { Remedy } from '../../../src/findings/remedy.ts'
import { counted } from './counted.ts'

const day = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  timeZone: 'UTC',
})

/** The day of UTC of a moment. */
function on(moment: string): string {
  return day.format(Date.parse(moment))
}

/** Evidence of each kind, in a sentence. */
const evidence: { readonly [Kind in FindingKind]: (found: EvidenceOf[Kind]) => string } = {
  no_expiry: ({ secret_created_at }) => `Its secret of ${on(secret_created_at)} works for ever.`,
  not_rotated: ({ secret_created_at }) => `Its secret is of ${on(secret_created_at)}.`,
  never_used: ({ created_at }) => `Made on ${on(created_at)}, and no use is known.`,
  unused: ({ last_used_at }) => `Last used on ${on(last_used_at)}.`,
  over_scoped: ({ unused_scopes, used_scopes }) =>
    `In 90 days it did not exercise ${listed(unused_scopes)}. It did exercise ${listed(used_scopes)}.`,
  rotation_overdue: ({ old_hint, old_last_used_at, old_last_used_ip, started_at }) =>
    `Rotated on ${on(started_at)}, and the old secret ${old_hint} is still in use: last on ${on(old_last_used_at)} from ${old_last_used_ip ?? 'an unknown address'}.`,
  new_network: ({ network, first_seen_at, known_networks }) =>
    `Used from ${network} since ${on(first_seen_at)}. Before, it was used from ${listed(known_networks)}.`,
  foreign_network: ({ network, environments, keys_there }) =>
    `Used from ${network}, where ${counted(keys_there, 'other key')} of the owner ${keys_there === 1 ? 'is' : 'are'} used: of ${listed(environments)}.`,
  exposed: ({ secret_hint, exposed_at }) =>
    `The secret ${secret_hint} was sent in a URL on ${on(exposed_at)}, and still works.`,
  over_permitted: ({ unused_permissions, used_permissions }) =>
    `In 90 days it did not use ${listed(unused_permissions)}. It did use ${listed(used_permissions)}.`,
  mail_given_up: ({ to, subject, answer }) =>
    `“${subject}” could not be sent to ${to}${answer === null ? '.' : `: ${answer}`}`,
}

/** "a, b and 3 more". */
function listed(all: readonly string[]): string {
  if (all.length === 0) return 'nothing'
  const shown = all.slice(0, 4)
  const more = all.length - shown.length
  return more === 0 ? shown.join(', ') : `${shown.join(', ')} and ${more} more`
}

const kinds: Readonly<Record<FindingKind, string>> = {
  no_expiry: 'Never expires',
  not_rotated: 'Not rotated for long',
  never_used: 'Never used',
  unused: 'Not used for long',
  over_scoped: 'Scopes it does not use',
  rotation_overdue: 'Rotation not finished',
  new_network: 'New network',
  foreign_network: 'Network of another environment',
  exposed: 'Secret seen in a URL',
  over_permitted: 'Permissions it does not use',
  mail_given_up: 'Notice not delivered',
}

const holders: Readonly<Record<FindingHolderKind, string>> = {
  key: 'API key',
  admin_key: 'Admin key',
  client: 'Client',
  grant: 'Grant',
  mail: 'Mail',
}

const remedies: Readonly<Record<Remedy, readonly [name: string, hint: string, act: string]>> = {
  shrink_scopes: [
    'Take away the unused scopes',
    'It keeps those that it exercised. For 7 days this can be undone on its page.',
    'Take the scopes away',
  ],
  pin_addresses: [
    'Allow only known addresses',
    'It works from the addresses below, and from nowhere else.',
    'Set the allow-list',
  ],
  set_expiry: ['Let it expire', 'People of the key are told before.', 'Set the expiry'],
  rotate: ['Rotate', 'It gets a second secret and keeps its id and history.', 'Make the new secret'],
  finish_rotation: [
    'Finish the rotation',
    'The old secret stops now, for good. Only the new one works.',
    'End the old secret',
  ],
  disable: ['Disable', 'Refused from now on. Can be undone at any time.', 'Disable it'],
  suspend: ['Suspend', 'Stopped everywhere until it is resumed.', 'Suspend it'],
  revoke: ['Revoke', 'Ended for good. Cannot be undone.', 'Revoke it for good'],
}

/** Words of the pages about findings. */
export const findingWords = {
  title: 'Findings',
  lead: 'Credentials that are too old, too strong, exposed or forgotten, with the evidence and what helps. Looked for every hour.',
  caption: 'Findings',
  kind: 'Finding',
  kindsFilter: 'Kind',
  holder: 'Credential',
  owner: 'Owner',
  environment: 'Environment',
  state: 'State',
  since: 'Found',
  evidence: 'Evidence',
  provider: 'your own',
  noEnvironment: 'all',
  states: { open: 'open', accepted: 'accepted' },
  acceptedUntil: 'Accepted until',
  acceptedBy: 'Accepted by',
  reason: 'Reason',
  exportCsv: 'Download CSV',
  noneTitle: 'Nothing was found',
  none: 'No credential is forgotten, exposed, too old or too strong.',
  noMatchTitle: 'No finding matches',
  noMatch: 'Drop a filter, or look among the accepted ones.',
  open: (what: string, name: string) => `${what}: ${name}`,
  id: 'Id',
  kinds,
  holders,
  evidenceOf: (kind: FindingKind, found: object) => (evidence[kind] as (found: object) => string)(found),

  remedies,
  remedy: 'What helps',
  replaceFirst: 'First make another with the permissions that it uses, and move its program.',
  newAdminKey: 'New admin key',
  remedyQuestion: 'What do you want to do?',
  noRemedy: 'Look at the mail, and give the owner another notice contact.',
  addresses: 'Addresses and CIDR blocks',
  addressesHint:
    'One a line. Empty: the addresses from which it was accepted, without a network that is new.',
  expires: 'Expires',
  expiresHint: 'In your time zone.',
  overlap: 'Both secrets work for',
  overlaps: [
    ['', 'as usual'],
    ['0', 'not at all: the old one stops at once'],
    ['3600', '1 hour'],
    ['86400', '1 day'],
    ['604800', '7 days'],
  ] as readonly (readonly [string, string])[],
  overlapHint: 'As usual: a day, or nothing for a secret that was exposed.',
  show: 'Show what would change',
  wouldChange: 'What would change',
  setting: 'Setting',
  before: 'Now',
  after: 'Then',
  settings: {
    state: 'State',
    scopes: 'Scopes',
    ip_allowlist: 'Allow-list',
    expires_at: 'Expires',
    old_secret_ends_at: 'Old secret works until',
  },
  noSetting: 'none',
  anywhere: 'from anywhere',
  noExpiry: 'never',
  newSecret: 'A new secret is made, and shown once.',
  refuses: 'Who would be refused',
  refusesNobody: 'Nobody: no caller of the last days would be refused.',
  refusesNone: 'No caller of the last days is known that would be refused.',
  refusedFrom: 'Refused from',
  caller: 'Caller',
  program: 'Program',
  lastCall: 'Last call',
  lostScope: 'Scope that it loses',
  lastExercised: 'Last exercised',
  notKnown: 'not known',
  callsLastDay: (calls: number) =>
    `${counted(calls, 'call was', 'calls were')} accepted in the last 24 hours.`,
  lastUsed: 'Last used',
  grants: (count: number, atLeast: boolean) =>
    `${atLeast ? 'At least ' : ''}${counted(count, 'grant of a user ends', 'grants of users end')} with it.`,
  staysOpen: 'The finding stays open afterwards.',
  done: (act: string) => `${act}: done`,
  doneClosed: 'The finding is gone.',
  doneOpen: 'The finding is still open.',
  toHolder: 'To the credential',
  toList: 'To the findings',

  accept: 'Accept for a time',
  acceptTitle: 'Accept this finding?',
  acceptLead: 'It is not counted as open until then. It comes back when the time is over.',
  acceptFor: 'For how long',
  acceptDays: [
    ['30', '30 days'],
    ['90', '90 days'],
    ['180', '180 days'],
    ['365', 'a year'],
  ] as readonly (readonly [string, string])[],
  withdraw: 'Withdraw the acceptance',
  accepted: 'Accepted',

  secretTitle: (name: string) => `New secret of ${name}`,
  secretTab: 'New secret',
  secretLead: 'This is the only time it is shown.',
  secret: 'Secret',
  secretHint: 'Store it where the program reads it.',
  secretLost: 'A lost secret cannot be read again: rotate to get another.',
  secretStored: 'I have stored it',

  openOnes: (count: string) => `${count} open findings`,
  oneOpen: '1 open finding',
  openLead: 'Too old, too strong, exposed or forgotten, with what helps.',
  ofHolder: 'Findings',
}
