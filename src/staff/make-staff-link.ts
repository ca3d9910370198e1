import type { Secret } from '@doorward/sdk/kernel'
import type { Origin } from '../audit/audit-event.ts'
import { addSeconds } from '../base/clock.ts'
import { newId } from '../base/id.ts'
import { hashToken, mintToken } from '../base/one-time-token.ts'
import { record } from '../changes/record.ts'
import type { Db, Tx } from '../db/schema.ts'
import type { RoleName } from './role.ts'
import { isAnyStaff } from './staff.store.ts'
import { insertStaffLink, spendLinksOfStaff, withdrawInvitationsOf } from './staff-link.store.ts'
import { LINK_SECONDS, type StaffLink } from './staff-link.ts'

/** The purpose of a new link. */
export type LinkPurpose =
  | { readonly kind: 'first' }
  | { readonly kind: 'invitation'; readonly email: string; readonly role: RoleName }
  | { readonly kind: 'password'; readonly staffId: string }

/** Creates a one-time link. Its token is in the return value only. */
export async function makeStaffLink(
  tx: Tx,
  origin: Origin,
  purpose: LinkPurpose,
): Promise<{ token: Secret; link: StaffLink }> {
  const token = mintToken('sl')
  const { kind } = purpose
  const link = {
    ...{ id: newId('inv'), hash: hashToken(token.reveal()), kind },
    createdBy: origin.actor.id ?? origin.actor.kind,
    createdAt: origin.now,
    expiresAt: addSeconds(origin.now, LINK_SECONDS[kind]),
    staffId: kind === 'password' ? purpose.staffId : null,
    email: kind === 'invitation' ? purpose.email.toLowerCase() : null,
    role: kind === 'invitation' ? purpose.role : null,
  }
  if (link.email !== null) await withdrawInvitationsOf(tx, link.email, origin.now)
  if (link.staffId !== null) await spendLinksOfStaff(tx, link.staffId, origin.now)
  await insertStaffLink(tx, link)
  const detail = {
    kind,
    ...(link.email === null ? {} : { email: link.email }),
    ...(link.role === null ? {} : { role: link.role }),
  }
  const target = { id: link.staffId ?? link.id, ownerId: null }
  await record(tx, origin, { action: 'staff_link.created', target, detail })
  return { token, link }
}

/** Where a browser uses a link. */
export function pathOfLink(token: Secret): string {
  return `/staff/welcome?link=${token.reveal()}`
}

/**
 * Creates the link that makes the first administrator. Servers that start at once may each create one: only one of them
 * can be used.
 *
 * @returns null where there is staff already
 */
export async function makeFirstLink(db: Db, origin: Origin): Promise<Secret | null> {
  if (await isAnyStaff(db)) return null
  return await db.transaction().execute(async (tx) => {
    const { token } = await makeStaffLink(tx, origin, { kind: 'first' })
    return token
  })
}
