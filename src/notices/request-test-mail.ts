import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import type { Caller } from '../management/caller.ts'
import { findDelivery, insertMail } from './mail.store.ts'
import type { Delivery } from './mail.ts'

/** Stores a test mail. It is sent as every other: what holds these up holds it up too. */
export async function requestTestMail(tx: Tx, caller: Caller, to: string): Promise<Delivery> {
  const content = {
    subject: 'A test mail',
    parts: [
      { kind: 'text', text: 'Notices about keys and other credentials arrive like this one.' },
      {
        kind: 'text',
        text: 'They carry no secret, no link that signs anybody in, and nothing that tells whether they were read.',
      },
    ],
    because: `You get this because a member of staff asked for a test mail to ${to}.`,
  } as const
  const { deliveryIds } = await insertMail(tx, { kind: 'test', ownerId: null, content }, [to], caller.now)
  const [id = ''] = deliveryIds
  await record(tx, caller, { action: 'mail.tested', target: { id, ownerId: null }, detail: { to } })
  const delivery = await findDelivery(tx, 'every_owner', id)
  if (delivery === undefined) throw new Error('the test mail was not stored')
  return delivery
}
