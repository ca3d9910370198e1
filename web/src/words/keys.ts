/** Words of the pages about API keys. */
export const keyWords = {
  title: 'Keys',
  lead: 'API keys of every owner. Secrets are stored as hashes: a key is told by its hint.',
  caption: 'API keys',
  key: 'Key',
  owner: 'Owner',
  environment: 'Environment',
  state: 'State',
  created: 'Created',
  lastUsed: 'Last used',
  expires: 'Expires',
  states: {
    active: 'Active',
    disabled: 'Disabled',
    suspended: 'Owner suspended',
    expired: 'Expired',
    revoked: 'Revoked',
  },
  noneTitle: 'No keys here',
  none: 'A key lets a program of an owner call your API. Create the first one, or change the filters.',
  /** Reasons for which the API would refuse an act, by its code. */
  whyNot: {
    key_revoked: (at: string) => `The key was revoked on ${at}.`,
    key_expired: (at: string) => `The key expired on ${at}.`,
    key_disabled: () => 'Enable the key first.',
    owner_suspended: () => 'The owner is suspended.',
    rotation_running: (at: string) => `A rotation is running, until ${at}.`,
    already_disabled: () => 'It is disabled already.',
    not_disabled: () => 'It is not disabled.',
  },
  mayNotWrite: 'Your role does not change keys.',
}
