import type { Clock } from '../base/clock.ts'
import { findBranding } from '../branding/branding.store.ts'
import type { Db } from '../db/schema.ts'
import type { MailBrand } from '../mail/mail-content.ts'
import type { Mailer } from '../mail/mailer.ts'
import { type Attempt, claimDeliveries, giveUpOld, settleAttempt } from './mail.store.ts'
import { messageIdOf } from './mail.ts'
import { mailBrandOf } from './mail-brand.ts'

export interface Mailing {
  /** Null: no mail server is configured. */
  readonly mailer: Mailer | null
  readonly publicUrl: string
}

/** Mails that are on their way at once. */
const AT_ONCE = 8
/** A run ends after this time; the next one goes on. */
const RUN_MS = 60_000

/**
 * Sends the mails that are due, each recipient by itself. A mail is sent at least once: where a server stops between
 * sending and storing that it has, another sends it again under the same `Message-ID`. Where the mail server cannot be
 * reached, the others wait for the next run.
 */
export async function sendMails(db: Db, { mailer, publicUrl }: Mailing, clock: Clock): Promise<void> {
  if (mailer === null) return await giveUpOld(db, clock.now(), 'no mail server is configured (SMTP_URL)')
  const startedMs = performance.now()
  let brand: MailBrand | null = null
  for (;;) {
    const attempts = await claimDeliveries(db, clock.now(), AT_ONCE)
    if (attempts.length === 0) return
    brand ??= mailBrandOf(await findBranding(db), publicUrl)
    const results = await Promise.all(
      attempts.map((each) => attempt(db, mailer, brand as MailBrand, each, clock)),
    )
    if (results.includes('unreachable') || performance.now() - startedMs > RUN_MS) return
  }
}

async function attempt(db: Db, mailer: Mailer, brand: MailBrand, delivery: Attempt, clock: Clock) {
  const outcome = await mailer.send({
    to: delivery.recipient,
    content: delivery.content,
    brand,
    messageId: messageIdOf(delivery.id, mailer.settings.from),
    at: delivery.createdAt,
  })
  await settleAttempt(db, delivery, outcome, clock.now())
  return outcome.result
}
