import type { FastifyInstance } from 'fastify'
import { no, yes } from '../base/result.ts'
import { findBranding } from '../branding/branding.store.ts'
import { pageOf } from '../http/cursor.ts'
import { NOT_FOUND, problem } from '../http/problem.ts'
import { idOf, strictObject } from '../http/wire.ts'
import { renderHtml } from '../mail/render-html.ts'
import { renderText } from '../mail/render-text.ts'
import { ownerOf } from '../management/caller.ts'
import { changes, type Pipeline, reads } from '../management/pipeline.ts'
import { countDeliveries, findDelivery, listDeliveries } from './mail.store.ts'
import {
  DeliveryDetailWire,
  DeliveryListQuery,
  DeliveryPage,
  DeliveryWire,
  MailServerWire,
  MailTestWire,
  toDeliveryDetailWire,
  toDeliveryWire,
} from './mail.wire.ts'
import { mailBrandOf } from './mail-brand.ts'
import { noticesOfMail } from './notice.store.ts'
import { requestTestMail } from './request-test-mail.ts'
import type { Mailing } from './send-mails.ts'

const tag = 'Mails'
const read = { method: 'GET', permission: 'notices:read', tag, status: 200 } as const
const MAX_NOTICES = 200

/** Operations on mails: those that were sent, wait to be sent, or would have been sent. */
export function mailRoutes(app: FastifyInstance, pipeline: Pipeline, { mailer, publicUrl }: Mailing): void {
  const smtp = mailer?.settings ?? null
  const list = {
    ...read,
    id: 'listMails',
    url: '/v1/mails',
    summary:
      'Mails to each recipient, newest first: what was sent or would have been, and what the mail server answered',
    query: DeliveryListQuery,
    answer: DeliveryPage,
    problems: ['invalid_cursor'],
  } as const
  reads(app, pipeline, list, ({ db, caller, query }) => {
    const filter = { state: query.state, ownerId: query.owner_id }
    return pageOf(query, (page) => listDeliveries(db, caller.reach, filter, page), toDeliveryWire)
  })

  const get = {
    ...read,
    id: 'getMail',
    url: '/v1/mails/:id',
    summary: 'One mail to one recipient, with its text and the notices that it carries',
    params: strictObject({ id: idOf('eml') }),
    answer: DeliveryDetailWire,
    problems: ['not_found'],
  } as const
  reads(app, pipeline, get, async ({ db, caller, params: { id } }) => {
    const delivery = await findDelivery(db, caller.reach, id)
    if (delivery === undefined) return no(NOT_FOUND)
    const brand = mailBrandOf(await findBranding(db), publicUrl)
    const text = renderText(delivery.content, brand)
    const html = renderHtml(delivery.content, brand)
    const notices = await noticesOfMail(db, delivery.mailId, MAX_NOTICES)
    return yes(toDeliveryDetailWire(delivery, { text, html, notices, smtp }))
  })

  const server = {
    ...read,
    id: 'getMailServer',
    url: '/v1/mail-server',
    summary: 'The mail server that is configured, and how many mails wait or failed',
    answer: MailServerWire,
    problems: ['owner_not_covered'],
  } as const
  reads(app, pipeline, server, async ({ db, caller }) => {
    if (ownerOf(caller.reach) !== null)
      return no(
        problem('owner_not_covered', 'The mail server belongs to no owner; your key is bound to one.'),
      )
    const counts = await countDeliveries(db, caller.now)
    return yes({ smtp: smtp && { host: smtp.host, port: smtp.port, from: smtp.from }, ...counts })
  })

  const test = {
    id: 'testMail',
    method: 'POST',
    permission: 'mail:test',
    tag,
    url: '/v1/mails/test',
    status: 201,
    summary: 'Send a test mail: read its state under the id of the answer',
    body: MailTestWire,
    answer: DeliveryWire,
  } as const
  changes(app, pipeline, test, async ({ db, caller, body: { to } }) =>
    yes(toDeliveryWire(await requestTestMail(db, caller, to))),
  )
}
