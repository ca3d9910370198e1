import { counted } from './counted.ts'
/** Words of the command palette. */
export const paletteWords = {
  open: 'Find',
  shortcut: 'Ctrl K',
  title: 'Find a key, an owner, an app or a page',
  label: 'Name, id, hint or a pasted secret',
  cannotHash: 'That was a secret, and this browser hashes over https only. It was not sent.',
  results: 'Results',
  pages: 'Pages',
  keys: 'Keys',
  owners: 'Owners',
  clients: 'Apps',
  nothing: 'Nothing found.',
  searching: 'Searching …',
  count: (count: number) => counted(count, 'result'),
  hint: 'Arrow keys choose, Enter opens, Escape closes.',
}
