import { chainHead } from '../../audit/audit-event.store.ts'
import type { Origin } from '../../audit/audit-event.ts'
import { record } from '../../changes/record.ts'
import type { Tx } from '../../db/schema.ts'
import { findClient } from '../client.store.ts'
import type { Client } from '../client.ts'
import { hasGrant } from './unregistered-client.store.ts'

/**
 * Records an unregistered client once a user has first granted it something, in the transaction of that grant. Strangers
 * make any number of such clients, and nobody can empty the audit log (AUD-12).
 *
 * @param grantId the new grant, which is stored already
 */
export async function recordFirstGrant(
  tx: Tx,
  origin: Origin,
  { id, name, source, redirectUris }: Client,
  grantId: string,
): Promise<void> {
  if (source === 'registered' || (await hasGrant(tx, id, grantId))) return
  // Of two first grants at the same time, the second gets the lock after the first has committed, and sees it.
  await chainHead(tx, 'lock')
  if (await hasGrant(tx, id, grantId)) return
  const target = { id, ownerId: null }
  const described = { name, redirect_uris: redirectUris }
  if (source === 'metadata_document')
    return await record(tx, origin, {
      action: 'client.created',
      target,
      detail: described,
      altersVerdictsOf: 'nothing',
    })
  const hint = (await findClient(tx, 'every_owner', id))?.secrets[0]?.hint ?? null
  await record(tx, origin, { action: 'client.registered', target, detail: { ...described, hint } })
}
