import type { Secret } from '@doorward/sdk/kernel'
import type { Origin } from '../audit/audit-event.ts'
import { no, type Result, yes } from '../base/result.ts'
import type { Db } from '../db/schema.ts'
import { makeFirstLink, makeStaffLink } from './make-staff-link.ts'
import { staffByEmail } from './staff.store.ts'

/**
 * Creates a link at the command line, for an operator with the database but without a way in: a new password for a
 * member; the first administrator where there is no staff.
 *
 * @returns "no", in words, where there is staff but no such member, or the member is disabled
 */
export async function makeLinkFor(db: Db, origin: Origin, email: string): Promise<Result<Secret, string>> {
  const first = await makeFirstLink(db, origin)
  if (first !== null) return yes(first)
  const found = await staffByEmail(db, email.trim().toLowerCase())
  if (found === undefined) return no(`There is no staff member with the address ${email}.`)
  const { id: staffId, disabledAt } = found
  if (disabledAt !== null) return no('The member is disabled. Another administrator can enable the member.')
  const { token } = await db
    .transaction()
    .execute((tx) => makeStaffLink(tx, origin, { kind: 'password', staffId }))
  return yes(token)
}
