/** Words around what a person does to a thing: searching, confirming, permissions. */
export const actWords = {
  search: 'Search',
  searchHint: 'Press Enter to search',
  secretRemoved:
    'That was a secret, and was not sent. Paste it into the search of Keys: it finds the key by the hash.',
  reason: 'Reason',
  reasonHint: 'Kept with it and in the audit log.',
  reasonMissing: 'Say why: somebody will read it in the audit log.',
  optional: 'optional',
  needs: (permission: string) => `You need the permission ${permission}.`,
  whatStops: 'What will stop',
  chosen: (count: number, of: number) => `${count} of ${of} chosen`,
  remove: 'Remove',
  clear: (what: string) => `Remove the filter: ${what}`,
}
