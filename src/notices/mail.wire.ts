import { Type } from 'typebox'
import { Cursor, iso, Limit, Moment, nullable, OwnerId, oneOf, pageWire, strictObject } from '../http/wire.ts'
import type { SmtpSettings } from '../mail/smtp-settings.ts'
import { type Delivery, MAIL_KINDS, MAIL_STATES, messageIdOf } from './mail.ts'
import { HOLDER_KINDS, NOTICE_CAUSES, type Notice } from './notice.ts'

export const DeliveryWire = Type.Object({
  id: Type.String(),
  mail_id: Type.String({ description: 'The same for all recipients of a mail' }),
  kind: oneOf(MAIL_KINDS),
  owner_id: nullable(Type.String({ description: "null: about what is the API provider's own" })),
  to: nullable(Type.String({ description: 'null: nobody; the owner has no notice contact' })),
  subject: Type.String(),
  state: oneOf(
    MAIL_STATES,
    '`waiting`: not sent yet, or to be tried again. `refused`: by the mail server, for good. `given_up`: after three days',
  ),
  attempts: Type.Integer(),
  next_attempt_at: nullable(Moment),
  last_attempt_at: nullable(Moment),
  answer: nullable(
    Type.String({ description: "The mail server's last answer, or what went wrong before one" }),
  ),
  created_at: Moment,
  ended_at: nullable(Moment),
})

export const DeliveryPage = pageWire(DeliveryWire)

export const DeliveryDetailWire = Type.Object({
  ...DeliveryWire.properties,
  message_id: nullable(
    Type.String({ description: 'The same at every attempt; null where no mail server is configured' }),
  ),
  text: Type.String({ description: 'The mail as plain text' }),
  html: Type.String({
    description: 'The same as HTML; its logo is `cid:logo@doorward`, which comes with the mail',
  }),
  notices: Type.Array(
    Type.Object({
      cause: oneOf(NOTICE_CAUSES),
      tier: Type.Integer({ description: 'Days before the end; 0: the end itself' }),
      ends_at: Moment,
      holder_kind: oneOf(HOLDER_KINDS),
      holder_id: Type.String(),
    }),
    { description: 'The nearest ends, at most 200' },
  ),
})

export const DeliveryListQuery = strictObject({
  state: Type.Optional(oneOf(MAIL_STATES)),
  owner_id: Type.Optional(OwnerId),
  limit: Type.Optional(Limit),
  cursor: Type.Optional(Cursor),
})

export const MailServerWire = Type.Object({
  smtp: nullable(
    Type.Object(
      { host: Type.String(), port: Type.Integer(), from: Type.String() },
      {
        description: 'null: no mail server is configured (`SMTP_URL`), and mails are only listed',
      },
    ),
  ),
  waiting: Type.Integer({ description: 'Mails that are not sent yet, counted up to 1000' }),
  failed: Type.Integer({
    description:
      'Mails of the last seven days that were refused or given up, or had no recipient; up to 1000',
  }),
})

export const MailTestWire = strictObject({
  to: Type.String({ format: 'email', maxLength: 254, description: 'Gets the test mail' }),
})

export function toDeliveryWire(delivery: Delivery) {
  return {
    id: delivery.id,
    mail_id: delivery.mailId,
    kind: delivery.kind,
    owner_id: delivery.ownerId,
    to: delivery.recipient,
    subject: delivery.subject,
    state: delivery.state,
    attempts: delivery.attempts,
    next_attempt_at: iso(delivery.nextAttemptAt),
    last_attempt_at: iso(delivery.lastAttemptAt),
    answer: delivery.answer,
    created_at: iso(delivery.createdAt),
    ended_at: iso(delivery.endedAt),
  }
}

export function toDeliveryDetailWire(
  delivery: Delivery,
  more: {
    readonly text: string
    readonly html: string
    readonly notices: readonly Notice[]
    readonly smtp: SmtpSettings | null
  },
) {
  return {
    ...toDeliveryWire(delivery),
    message_id: more.smtp && messageIdOf(delivery.id, more.smtp.from),
    text: more.text,
    html: more.html,
    notices: more.notices.map(({ cause, tier, endsAt, holderKind, holderId }) => ({
      ...{ cause, tier, ends_at: iso(endsAt), holder_kind: holderKind, holder_id: holderId },
    })),
  }
}
