/** How the state of a mail is underlined. */
export const STATE_KINDS = {
  waiting: 'plain',
  sent: 'good',
  refused: 'alert',
  given_up: 'alert',
  nobody: 'warn',
} as const
