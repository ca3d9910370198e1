import { counted } from './counted.ts'
import { countWords } from './time-words.ts'

const keys = (count: number) => counted(count, 'key')

/** Words of the page that changes many keys at once. */
export const manyWords = {
  title: 'Change many keys',
  lead: 'Nothing changes before you have seen which keys it hits, and who uses them.',
  unknown: (names: readonly string[]) =>
    `This page does not know ${names.map((name) => `“${name}”`).join(', ')} of its address. A filter without it could match more keys, so none are taken.`,
  none: 'Choose keys in the list, or filter it, and come back from there.',
  noneTitle: 'No keys are chosen',
  toList: 'To the list of keys',
  chosen: (count: number) => `${keys(count)} chosen in the list`,
  matching: 'All keys that match',
  filters: {
    q: 'Search',
    owner_id: 'Owner',
    environment: 'Environment',
    state: 'State',
    scope: 'Scope',
    created_by: 'Created by',
    never_used: 'No use known',
    no_expiry: 'Never expire',
    unused_since: 'Unused since',
    expiring_before: 'Expire before',
    rotation_due_before: 'Rotation due before',
    exposed: 'Secret seen in a URL',
    over_scoped: 'Scopes unused for 90 days',
  } as Readonly<Record<string, string>>,
  question: 'What should happen to them?',
  acts: {
    disable: ['Disable', 'Calls are refused until a key is enabled again.'],
    enable: ['Enable', 'Disabled keys work again.'],
    revoke: ['Revoke for good', 'Calls are refused at once. Cannot be undone.'],
    'shorten-expiry': ['Let them expire', 'Those that would live longer end at a moment.'],
    'remove-scope': ['Take a scope away', 'The keys keep their other scopes, and work on.'],
  } as Readonly<Record<string, readonly [name: string, hint: string]>>,
  expiresAt: 'They expire at',
  scope: 'Scope to take away',
  chooseScope: 'Choose a scope',
  foresee: 'Show what would happen',
  foreseeAgain: 'Look again',
  would: (changed: number, owners: number) =>
    changed === 0 ? 'No key would change.' : `${keys(changed)} would change, of ${counted(owners, 'owner')}.`,
  used: (used: number) =>
    used === 0
      ? 'None of them was used in the last 24 hours.'
      : `${countWords(used)} of these keys ${used === 1 ? 'was' : 'were'} used in the last 24 hours: listed first.`,
  unchanged: (count: number) => `${keys(count)} would stay as ${count === 1 ? 'it is' : 'they are'}.`,
  refused: (count: number) => `${keys(count)} would be refused, for the reason in the list.`,
  foreseenCaption: 'What would happen, latest used first',
  shownOf: (shown: number, all: number) => `${countWords(shown)} of ${countWords(all)} are listed.`,
  key: 'Key',
  owner: 'Owner',
  lastUsed: 'Last used',
  calls: 'Calls in 24 h',
  outcome: 'Result',
  outcomes: {
    changed: 'done',
    unchanged: 'as it was',
    refused: 'refused',
    not_found: 'not found',
  } as Readonly<Record<string, string>>,
  foreseen: {
    changed: 'would change',
    unchanged: 'stays',
    refused: 'refused',
    not_found: 'not found',
  } as Readonly<Record<string, string>>,
  reason: 'Reason',
  reasonHint: 'Kept with each key and in the audit log.',
  run: {
    disable: (count: number) => `Disable ${keys(count)}`,
    enable: (count: number) => `Enable ${keys(count)}`,
    revoke: (count: number) => `Revoke ${keys(count)} for good`,
    'shorten-expiry': (count: number) => `Let ${keys(count)} expire`,
    'remove-scope': (count: number) => `Take the scope from ${keys(count)}`,
  },
  running: (done: number, all: number) => `${countWords(done)} of ${countWords(all)} …`,
  stop: 'Stop here',
  goOn: (count: number) => `Go on: ${keys(count)} left`,
  done: (counts: Readonly<Record<string, number>>) =>
    [
      `${keys(counts.changed ?? 0)} changed`,
      ...(counts.unchanged ? [`${countWords(counts.unchanged)} as before`] : []),
      ...(counts.refused ? [`${countWords(counts.refused)} refused`] : []),
      ...(counts.not_found ? [`${countWords(counts.not_found)} not found`] : []),
    ].join(', '),
  stopped: (remaining: number) => `Stopped: ${keys(remaining)} left.`,
  batch: 'Each change is an event in the audit log, under the batch',
  doneCaption: 'Results, those that did not change first',
  bar: 'Change many keys',
  barChosen: (count: number) =>
    count === 0 ? 'Tick keys to change several at once.' : `${countWords(count)} chosen`,
  barChange: 'Change the chosen …',
  barAll: 'Change all that match …',
  tooMany: (most: number) => `At most ${most} at once. Filter the list, and change all that match.`,
  select: (name: string) => `Select key ${name}`,
}
