import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { NOT_FOUND, type Problem, problem } from '../http/problem.ts'
import type { Caller } from '../management/caller.ts'
import { deleteAllFactors } from './factors/factor.store.ts'
import { permissionsOf, type RoleName, roleOf } from './role.ts'
import { countOtherAdministrators, findStaff, lockAllStaff, updateStaff } from './staff.store.ts'
import type { StaffMember } from './staff.ts'
import { spendLinksOfStaff } from './staff-link.store.ts'
import { endSessionsOfStaff } from './staff-session.store.ts'

/** Reason why a caller cannot give a role: it would have more permissions than the caller's own (privilege escalation). */
export function whyNotGive(caller: Caller, role: RoleName): Problem | null {
  const beyond = [...permissionsOf(role)].filter((permission) => !caller.permissions.has(permission))
  if (beyond.length > 0)
    return problem('exceeds_authority', `You lack \`${beyond.join('`, `')}\`, which the role has.`)
  if (caller.latestExpiry !== null)
    return problem('exceeds_authority', 'Your own access has an end, and a member of staff has none.')
  if (caller.reach !== 'every_owner')
    return problem('exceeds_authority', 'You are bound to a part of the data.')
  return caller.seesMetadata || roleOf(role).hidesMetadata === true
    ? null
    : problem('exceeds_authority', 'You see no metadata, and the role does.')
}

export async function changeRole(
  tx: Tx,
  caller: Caller,
  id: string,
  role: RoleName,
): Promise<Result<void, Problem>> {
  const found = await lockOther(tx, caller, id)
  if (!found.ok) return found
  const from = found.value.role
  if (from === role) return yes(undefined)
  const beyond = whyNotGive(caller, role) ?? whyNotGive(caller, from)
  if (beyond !== null) return no(beyond)
  const last = role === 'administrator' ? null : await whyLast(tx, found.value)
  if (last !== null) return no(last)
  await updateStaff(tx, id, { role })
  const target = { id, ownerId: null }
  await record(tx, caller, { action: 'staff.changed', target, detail: { role: { from, to: role } } })
  return yes(undefined)
}

/** Disables a member until enabled again. Idempotent; the first reason stays. */
export async function disableStaff(
  tx: Tx,
  caller: Caller,
  id: string,
  reason: string,
): Promise<Result<void, Problem>> {
  const found = await lockToEnd(tx, caller, id)
  if (!found.ok) return found
  if (found.value.disabledAt !== null) return yes(undefined)
  await updateStaff(tx, id, { disabled_at: caller.now, disabled_reason: reason })
  const ended = await endAll(tx, caller, id)
  const detail = { reason, sessions_ended: ended }
  await record(tx, caller, { action: 'staff.disabled', target: { id, ownerId: null }, detail })
  return yes(undefined)
}

/** Lets a disabled member sign in again. Idempotent. */
export async function enableStaff(tx: Tx, caller: Caller, id: string): Promise<Result<void, Problem>> {
  const found = await lockOther(tx, caller, id)
  if (!found.ok) return found
  if (found.value.disabledAt === null) return yes(undefined)
  const beyond = whyNotGive(caller, found.value.role)
  if (beyond !== null) return no(beyond)
  await updateStaff(tx, id, { disabled_at: null, disabled_reason: null })
  await record(tx, caller, { action: 'staff.enabled', target: { id, ownerId: null } })
  return yes(undefined)
}

/** Removes a member for good. The row stays for the audit log, without the password and the second factors. */
export async function removeStaff(
  tx: Tx,
  caller: Caller,
  id: string,
  reason: string,
): Promise<Result<void, Problem>> {
  const found = await lockToEnd(tx, caller, id)
  if (!found.ok) return found
  await updateStaff(tx, id, { removed_at: caller.now, removed_reason: reason, password_hash: null })
  await deleteAllFactors(tx, id)
  const ended = await endAll(tx, caller, id)
  const detail = { reason, sessions_ended: ended }
  await record(tx, caller, { action: 'staff.removed', target: { id, ownerId: null }, detail })
  return yes(undefined)
}

/** Ends all sessions of a member. @returns how many */
export async function endStaffSessions(tx: Tx, caller: Caller, id: string): Promise<Result<number, Problem>> {
  if ((await findStaff(tx, id)) === undefined) return no(NOT_FOUND)
  const ended = await endSessionsOfStaff(tx, id, caller.now)
  if (ended > 0)
    await record(tx, caller, {
      action: 'staff_sessions.ended',
      target: { id, ownerId: null },
      detail: { ended },
    })
  return yes(ended)
}

async function endAll(tx: Tx, caller: Caller, id: string): Promise<number> {
  await spendLinksOfStaff(tx, id, caller.now)
  return await endSessionsOfStaff(tx, id, caller.now)
}

/** A member other than the caller: who takes power away from themselves needs a second person. */
export async function lockOther(tx: Tx, caller: Caller, id: string): Promise<Result<StaffMember, Problem>> {
  await lockAllStaff(tx)
  const found = await findStaff(tx, id)
  if (found === undefined) return no(NOT_FOUND)
  return caller.actor.id === id ? no(OWN_ACCOUNT) : yes(found)
}

async function lockToEnd(tx: Tx, caller: Caller, id: string): Promise<Result<StaffMember, Problem>> {
  const found = await lockOther(tx, caller, id)
  if (!found.ok) return found
  const last = await whyLast(tx, found.value)
  return last === null ? found : no(last)
}

async function whyLast(tx: Tx, { id, role, disabledAt }: StaffMember): Promise<Problem | null> {
  if (role !== 'administrator' || disabledAt !== null) return null
  return (await countOtherAdministrators(tx, id)) > 0 ? null : LAST_ADMINISTRATOR
}

const OWN_ACCOUNT = problem('own_account', 'Nothing was changed. Ask another administrator.')
const LAST_ADMINISTRATOR = problem(
  'last_administrator',
  'Nothing was changed. Make another administrator first; without one no staff could be invited.',
)
