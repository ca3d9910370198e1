/** The state of a mail to one recipient. `nobody`: there was no address to which it could go. */
export const MAIL_STATES = ['waiting', 'sent', 'refused', 'given_up', 'nobody'] as const
export type MailState = (typeof MAIL_STATES)[number]

export const MAIL_KINDS = ['notices', 'findings', 'test'] as const

/** A mail to one recipient: each is sent, refused and tried again by itself. */
export interface Delivery {
  readonly id: string
  readonly mailId: string
  readonly kind: (typeof MAIL_KINDS)[number]
  /** Null: about what is the API provider's own. */
  readonly ownerId: string | null
  /** Null: nobody. */
  readonly recipient: string | null
  readonly subject: string
  readonly state: MailState
  readonly createdAt: Date
  readonly attempts: number
  readonly nextAttemptAt: Date | null
  readonly lastAttemptAt: Date | null
  /** The mail server's last answer, or what went wrong before one. */
  readonly answer: string | null
  readonly endedAt: Date | null
}

/** After this time a mail that could not be sent is given up: what it says is old by then. */
export const GIVEN_UP_AFTER_SECONDS = 3 * 24 * 3600
const FIRST_RETRY_SECONDS = 60
const LONGEST_RETRY_SECONDS = 3600
/** A server that stops while it sends leaves the mail to another after this time, longer than an attempt may take. */
export const LEASE_SECONDS = 120

/** Time until the next attempt: twice as long after each, up to an hour. */
export function secondsToRetry(attempts: number): number {
  return Math.min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** Math.min(attempts - 1, 20))
}

/** The `Message-ID` of a mail, the same at every attempt: a copy that arrives twice is shown once (RFC 5322 §3.6.4). */
export function messageIdOf(deliveryId: string, from: string): string {
  return `<${deliveryId}@${from.slice(from.lastIndexOf('@') + 1)}>`
}
