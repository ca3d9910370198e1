import { counted } from './counted.ts'
/** Words of the pages about grants: what users allowed apps. */
export const grantWords = {
  title: 'Grants',
  lead: 'What users allowed apps, for which owner. Codes and tokens live no longer than their grant.',
  caption: 'Grants',
  user: 'User',
  app: 'App',
  owner: 'Owner',
  scopes: 'Scopes',
  state: 'State',
  states: {
    active: 'Active',
    stopped: 'App suspended',
    expired: 'Expired',
    revoked: 'Revoked',
  } as Readonly<Record<string, string>>,
  granted: 'Granted',
  lastUsed: 'Last used',
  expires: 'Expires',
  onlyThese: 'Only grants with this',
  only: { user_id: 'Of user', client_id: 'To app', owner_id: 'For owner' } as Readonly<
    Record<string, string>
  >,
  noneTitle: 'No grants here',
  none: 'A grant begins when a user allows an app something, on the consent page. Nothing else makes one.',
  revokeMany: 'Revoke many …',
  revokeManyWhy: 'Choose a user, an app or an owner first: follow one in the list below.',
  revokeManyTitle: 'Revoke these grants?',
  revokeManyWords: 'Their codes and tokens end at once. Only the user can allow the app again.',
  before: 'Only those granted before',
  beforeHint: 'In your time zone. Empty: all.',
  dryRun: 'Count them first',
  dryRunSays: (count: number) =>
    count === 0 ? 'No grant would be revoked.' : `${counted(count, 'grant')} would be revoked.`,
  revokeCounted: (count: number) => `Revoke ${counted(count, 'grant')}`,
  revokedSome: (count: number, remaining: number) =>
    remaining === 0
      ? `${counted(count, 'grant was', 'grants were')} revoked.`
      : `${counted(count, 'grant was', 'grants were')} revoked, ${counted(remaining, 'is', 'are')} left: go on.`,

  grantTitle: (app: string) => `What ${app} may do`,
  by: (user: string) => `Allowed by ${user}`,
  consented: 'Last consent',
  revokedAt: 'Revoked',
  revokedBy: 'By',
  reason: 'Reason',
  stoppedTitle: 'The app or its owner is suspended: this grant allows nothing meanwhile',
  allowed: 'Allowed scopes',
  allowedLead: 'Take some away: tokens that were issued lose them at once. Only the user can allow more.',
  keep: 'Scopes that stay',
  reduce: 'Remove the others',
  reduceTitle: (count: number) => `Remove ${counted(count, 'scope')}?`,
  reduceWords: 'The app loses them at once:',
  keepAll: 'Untick a scope to remove it.',
  keepNone: 'Nothing would be left: revoke the grant instead.',
  shown: 'The page as the user answered it',
  shownApp: 'App',
  shownHost: 'Answer went to',
  shownOwner: 'For',
  ticked: 'ticked',
  notTicked: 'not ticked',
  revoke: 'Revoke',
  revokeTitle: (app: string) => `Revoke what ${app} may do?`,
  revokeWords:
    'Its codes and tokens for this user and owner end at once. Only the user can allow the app again.',
  revokeAct: 'Revoke grant',
  alreadyRevoked: 'It is revoked already.',
}
