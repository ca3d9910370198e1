import { counted } from './counted.ts'
import { countWords, durationWords } from './time-words.ts'

const utc = new Intl.DateTimeFormat('en-GB', {
  ...{ day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' },
  timeZone: 'UTC',
})
const day = new Intl.DateTimeFormat('en-GB', {
  ...{ day: 'numeric', month: 'short', year: 'numeric' },
  timeZone: 'UTC',
})

/** Words of the report for auditors. Its moments are in UTC: it is read elsewhere. */
export const evidenceWords = {
  title: 'Evidence for auditors',
  lead: 'What happened to credentials, policies and staff in a period, from the audit log. It can be printed, and read by programs as JSON.',
  open: 'Evidence for auditors',
  form: 'Period of the report',
  period: 'Period',
  periods: {
    last_quarter: 'Last quarter',
    this_quarter: 'This quarter until today',
    last_month: 'Last month',
    this_month: 'This month until today',
    last_year: 'Last twelve months',
    own: 'Own dates',
  },
  first: 'First day (UTC)',
  last: 'Last day (UTC)',
  noPeriod: 'Choose two days, the first one before the last.',
  make: 'Make the report',
  makeHint: 'Each report is an event of the audit log.',
  noneTitle: 'No report yet',
  none: 'Choose a period and make the report. It holds what SOC 2 CC6.1 to CC6.3 ask about: who had access by which credential, how it was given and taken away, and that the log is whole.',
  print: 'Print',
  json: 'Download as JSON',
  tab: (from: number, to: number) => `Evidence ${day.format(from)} to ${day.format(to - 1)}`,

  about: 'About this report',
  facts: { period: 'Period', madeAt: 'Made', madeBy: 'By', service: 'Service' },
  span: (from: number, to: number) => `${utc.format(from)} to ${utc.format(to)} UTC`,
  /** Below a head that says UTC. */
  minute: (at: number) => utc.format(at),
  moment: (at: number) => `${utc.format(at)} UTC`,
  criteria: 'Criteria',
  criteriaLead:
    'Of the AICPA Trust Services Criteria (2017, points of focus of 2022), in our words. This report is evidence for them. Whether they are met is for the auditor to judge.',
  criteriaCaption: 'Criteria that this report is evidence for',
  criterion: 'Criterion',
  criterionAbout: 'In short',

  chain: 'Audit log',
  chainLead:
    'Every event holds the hash of the one before. All that follows is read from this log, so it is as complete as the log is whole.',
  head: 'Last entry',
  headHash: 'Its hash',
  archived: 'Archived entries',
  archivedTo: (seq: number) => (seq === 0 ? 'none' : `1 to ${countWords(seq)}: not in this report`),
  verified: 'Verified',
  intact: (seq: number) => `entry ${countWords(seq)} and all before it follow from each other`,
  partly: (seq: number) => `to entry ${countWords(seq)} so far: each follows from the one before`,
  verifyRest: 'Verify the rest',
  broken: (seq: number) => `The chain is broken at entry ${countWords(seq)}`,
  brokenDetail: (fault: string) =>
    `${fault}. The log was changed past Doorward, or a backup was restored over it. What this report says from there on is not proven.`,

  policies: 'Policy in force',
  policiesLead:
    'The rules for keys at both ends of the period. Rules of the configuration are as they are configured now.',
  policyOf: (environment: string) => `Policy of ${environment}`,
  rule: 'Rule',
  atStart: 'At the start',
  atEnd: 'At the end',

  sections: {
    policies: ['Changes of policies', 'Who changed which rule of an environment.'],
    keys_created: ['Keys created', 'API keys, with what they may do and until when.'],
    keys_rotated: [
      'Keys rotated',
      'Keys that got a new secret, and how long after the first notice of the old one’s end.',
    ],
    keys_expired: [
      'Keys that ended without rotation',
      'They expired, and were refused from that very second.',
    ],
    keys_revoked: ['Keys revoked', 'Ended for good by a person or a program.'],
    keys_disabled: [
      'Keys disabled and enabled',
      'By a person, or by a rule of the policy at the date that had been stated.',
    ],
    keys_changed: ['Keys changed', 'Scopes, addresses, expiry and other settings.'],
    exposures: ['Exposed secrets', 'Secrets that were sent in a URL.'],
    exceptions: [
      'Exceptions accepted',
      'Findings that somebody accepted for a time, with the reason, and acceptances taken back.',
    ],
    owners: ['Owners changed', 'Limits, policies of their own, suspensions.'],
    apps: ['Apps', 'OAuth clients and their secrets.'],
    admin_keys: ['Admin keys', 'Credentials of the management API: made, rotated, revoked.'],
    staff: ['Staff', 'Invited, added, roles changed, disabled, removed.'],
    staff_sign_in: ['How staff sign in', 'Passwords, second factors, recovery codes, single sign-on.'],
    reports: ['Reports and archives', 'Earlier reports like this one, and events that were archived.'],
  } as Readonly<Record<string, readonly [title: string, lead: string]>>,
  nothing: 'Nothing in this period.',
  count: (count: number, isExact: boolean) =>
    isExact ? counted(count, 'event') : `more than ${countWords(count)} events`,
  cut: (shown: number, count: number, isExact: boolean, section: string) =>
    `The first ${countWords(shown)} of ${isExact ? '' : 'more than '}${countWords(count)}. The rest: GET /v1/evidence/${section}, or the export of the audit log.`,
  more: 'Show more',
  moreOf: (title: string) => `Show more of “${title}”`,
  subject: 'What',
  at: 'When (UTC)',
  by: 'By',
  event: 'Event',
  provider: 'your own',
  notice: ({
    at,
    isSent,
    end,
    after,
    left,
  }: {
    readonly at: number
    readonly isSent: boolean
    readonly end: number
    readonly after: number
    readonly left: number
  }) => {
    const told = `${durationWords(after)} after the first notice (${day.format(at)}${isSent ? '' : ', which no mail server took'})`
    return left > 0 ? `${told}, ${durationWords(left)} before the end it told of (${day.format(end)})` : told
  },
  empty: 'none',
  yes: 'yes',
  no: 'no',
}
