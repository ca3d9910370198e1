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
}
