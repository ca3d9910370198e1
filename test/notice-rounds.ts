import { recordExpiredKeys } from '../src/keys/record-expired-keys.ts'
import { openMailer } from '../src/mail/mailer.ts'
import { claimDueNotices } from '../src/notices/claim-notices.ts'
import { sendMails } from '../src/notices/send-mails.ts'
import { writeMails } from '../src/notices/write-mails.ts'
import type { TestApp } from './app.ts'

const LIMITS = { connectMs: 60_000, answerMs: 60_000, totalMs: 60_000 }

export function mailerTo(port: number) {
  const settings = { host: '127.0.0.1', port, isSecure: false, login: null, from: 'keys@tidewater.example' }
  return openMailer(settings, 'localhost', LIMITS)
}

/** Does what a server's jobs do in one round. @param port of the mail server; null: there is none */
export async function roundOf({ db, clock }: TestApp, port: number | null): Promise<void> {
  const now = clock.now()
  await recordExpiredKeys(db, now)
  await claimDueNotices(db, now)
  await writeMails(db, now)
  const mailer = port === null ? null : mailerTo(port)
  await sendMails(db, { mailer, publicUrl: 'http://doorward.test' }, clock)
}

/** Turns the clock in steps, with a round after each. */
export async function passOf(app: TestApp, days: number, port: number | null, stepHours: number) {
  for (let hours = 0; hours < days * 24; hours += stepHours) {
    app.clock.advance({ hours: stepHours })
    await roundOf(app, port)
  }
}
