import type { Client } from './clients.queries.ts'

/** Colours of the states; the words say them too. */
export const STATE_KINDS: Readonly<Record<Client['state'], 'plain' | 'good' | 'warn'>> = {
  draft: 'plain',
  live: 'good',
  suspended: 'warn',
  revoked: 'plain',
}
