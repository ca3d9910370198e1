import type { Secret } from '@doorward/sdk/kernel'
import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { type Problem, problem } from '../http/problem.ts'
import type { Caller } from '../management/caller.ts'
import { whyNotGive } from './change-staff.ts'
import { makeStaffLink } from './make-staff-link.ts'
import type { RoleName } from './role.ts'
import { lockAllStaff, staffByEmail } from './staff.store.ts'
import { withdrawInvitation } from './staff-link.store.ts'
import type { StaffLink } from './staff-link.ts'

/** Invites a person: a one-time link with a role. A newer invitation of the same address replaces it. */
export async function inviteStaff(
  tx: Tx,
  caller: Caller,
  { email, role }: { readonly email: string; readonly role: RoleName },
): Promise<Result<{ token: Secret; link: StaffLink }, Problem>> {
  const beyond = whyNotGive(caller, role)
  if (beyond !== null) return no(beyond)
  await lockAllStaff(tx)
  if ((await staffByEmail(tx, email.toLowerCase())) !== undefined)
    return no(problem('staff_exists', 'Find the member with `GET /v1/staff`, and change the role there.'))
  return yes(await makeStaffLink(tx, caller, { kind: 'invitation', email, role }))
}

/** Withdraws an invitation. @returns false where there is none that works */
export async function withdraw(tx: Tx, caller: Caller, id: string): Promise<boolean> {
  if (!(await withdrawInvitation(tx, id, caller.now))) return false
  await record(tx, caller, { action: 'staff_invitation.withdrawn', target: { id, ownerId: null } })
  return true
}
