import { originOfStaff } from '../audit/visit-origin.ts'
import { newId } from '../base/id.ts'
import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Db, Tx } from '../db/schema.ts'
import { transact } from '../db/transact.ts'
import type { Visit } from '../pages/visit.ts'
import { hashRequestOf } from '../users/password-queue.ts'
import type { Passwords } from '../users/prove-password.ts'
import { mayInviterStillGive } from './inviter.ts'
import { returnPathOf } from './return-path.ts'
import { type SignedIn, signInStaff } from './sign-in-staff.ts'
import { isSsoRequired } from './sso/sso-offer.ts'
import { holdEnabledStaff, insertStaff, isAnyStaff, lockAllStaff, setStaffPassword } from './staff.store.ts'
import { spendStaffLink } from './staff-link.store.ts'
import type { StaffLink } from './staff-link.ts'
import { endSessionsOfStaff } from './staff-session.store.ts'

/** Fields of the form. */
export interface Accepted {
  /** Of the first administrator; an invitation has its own. */
  readonly email: string
  readonly name: string
  readonly password: string
}

export type LinkRefused =
  | { readonly reason: 'link_over' }
  | { readonly reason: 'too_busy' }
  | { readonly reason: 'unsuitable'; readonly why: string }

/**
 * Uses a link: makes the member, or sets a new password, and signs the person in. An unsuitable password leaves the link
 * unspent. A new password does not replace a second factor: who has one is asked for it.
 */
export async function acceptLink(
  db: Db,
  passwords: Passwords,
  visit: Visit,
  link: StaffLink,
  { email: typed, name, password }: Accepted,
): Promise<Result<SignedIn, LinkRefused>> {
  const email = link.email ?? typed
  const why = await passwords.whyUnsuitable(password, email)
  if (why !== null) return no({ reason: 'unsuitable', why })
  const hashed = await passwords.hash(hashRequestOf(visit), password)
  if (!hashed.ok) return no({ reason: hashed.no })
  return await transact<SignedIn, LinkRefused>(db, async (tx) => {
    await lockAllStaff(tx)
    // Required meanwhile: the page then shows the one way that is left.
    if (link.kind === 'invitation' && (await isSsoRequired(tx))) return no({ reason: 'link_over' })
    if (!(await spendStaffLink(tx, link.hash, visit.now))) return no({ reason: 'link_over' })
    if (!(await mayInviterStillGive(tx, link))) return no({ reason: 'link_over' })
    const staffId =
      link.staffId === null
        ? await makeMember(tx, visit, link, { email, name, passwordHash: hashed.value })
        : await renewPassword(tx, visit, link.staffId, hashed.value)
    if (staffId === null) return no({ reason: 'link_over' })
    const first = { staffId, proven: ['password'], returnTo: returnPathOf(null), isByLink: true } as const
    return yes(await signInStaff(tx, visit, first))
  })
}

/** @returns null where the link was used meanwhile, or the address is taken */
async function makeMember(
  tx: Tx,
  visit: Visit,
  { kind, role: offered, id: linkId, createdBy }: StaffLink,
  { email, name, passwordHash }: { email: string; name: string; passwordHash: string },
): Promise<string | null> {
  if (kind === 'first' && (await isAnyStaff(tx))) return null
  const id = newId('stf')
  const role = offered ?? 'administrator'
  const made = await insertStaff(tx, {
    ...{ id, email, name, role, passwordHash, createdBy, createdAt: visit.now },
  })
  if (!made) return null
  await record(tx, originOfStaff(visit, id), {
    action: 'staff.created',
    target: { id, ownerId: null },
    detail: { email, role, by: linkId },
  })
  return id
}

async function renewPassword(
  tx: Tx,
  visit: Visit,
  staffId: string,
  passwordHash: string,
): Promise<string | null> {
  if ((await holdEnabledStaff(tx, staffId)) === undefined) return null
  await setStaffPassword(tx, staffId, passwordHash)
  const ended = await endSessionsOfStaff(tx, staffId, visit.now)
  await record(tx, originOfStaff(visit, staffId), {
    action: 'staff_password.set',
    target: { id: staffId, ownerId: null },
    detail: { sessions_ended: ended },
  })
  return staffId
}
