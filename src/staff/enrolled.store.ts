import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import type { Factor } from './staff.ts'

/** The enrolled factors of a row of `staff`, weakest first. */
export const ENROLLED = sql<Factor[]>`array_remove(array[
  case when staff.password_hash is not null then 'password' end,
  case when exists (
    select from staff_identities join single_sign_on using (issuer) where staff_identities.staff_id = staff.id
  ) then 'sso' end,
  case when exists (select from staff_totp where staff_totp.staff_id = staff.id) then 'totp' end,
  case when exists (select from staff_passkeys where staff_passkeys.staff_id = staff.id) then 'passkey' end
]::text[], null)`

/** The enrolled factors of a member, weakest first. In a transaction that holds the member they stay so until its end. */
export async function enrolledOf(db: Db, staffId: string): Promise<readonly Factor[]> {
  const row = await db
    .selectFrom('staff')
    .select(ENROLLED.as('enrolled'))
    .where('id', '=', staffId)
    .executeTakeFirst()
  return row?.enrolled ?? []
}
