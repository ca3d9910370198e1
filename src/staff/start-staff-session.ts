import { originOfStaff } from '../audit/visit-origin.ts'
import { newId } from '../base/id.ts'
import { hashToken, isToken, mintToken } from '../base/one-time-token.ts'
import { record } from '../changes/record.ts'
import type { Db, Tx } from '../db/schema.ts'
import type { Visit } from '../pages/visit.ts'
import type { Factor } from './staff.ts'
import { endStaffSession, insertStaffSession, sessionByHash } from './staff-session.store.ts'

/** A sign-in at the identity provider. */
export interface SsoProof {
  /** Null: the provider does not say when the person signed in, so it is no fresh proof. */
  readonly provenAt: Date | null
  /** How, as the provider names it (`amr`). */
  readonly methods: readonly string[]
}

/**
 * Starts a session in this browser, in place of an earlier one. Only `signInStaff` and the second step call it.
 *
 * @param by what was proved, for the audit log, where it is not the factors: a recovery code
 * @returns its token, for the cookie once this is committed
 */
export async function startStaffSession(
  tx: Tx,
  visit: Visit,
  staffId: string,
  proven: readonly Factor[],
  by: readonly string[] = proven,
  sso?: SsoProof,
): Promise<string> {
  const before = visit.cookie('staff')
  if (before !== undefined) await endStaffSession(tx, hashToken(before), visit.now)
  const token = mintToken('st').reveal()
  const id = newId('sts')
  const { ip, userAgent } = visit
  const session = { hash: hashToken(token), id, staffId, ip, userAgent, proven }
  const at = sso === undefined ? {} : { ssoAt: sso.provenAt }
  await insertStaffSession(tx, { ...session, ...at }, visit.now)
  await record(tx, originOfStaff(visit, staffId), {
    action: 'staff_session.started',
    target: { id, ownerId: null },
    detail: { by, ...(sso === undefined ? {} : { methods: sso.methods }) },
  })
  return token
}

/** The session of this browser, while it is active. */
export async function currentStaff(db: Db, visit: Visit) {
  const token = visit.cookie('staff')
  if (token === undefined || !isToken('st', token)) return undefined
  return await sessionByHash(db, hashToken(token), visit.now)
}

/** Ends the browser's session, if there is one. */
export async function signOutStaff(db: Db, visit: Visit): Promise<void> {
  const token = visit.cookie('staff')
  if (token === undefined) return
  await db.transaction().execute(async (tx) => {
    const ended = await endStaffSession(tx, hashToken(token), visit.now)
    if (ended === undefined) return
    const target = { id: ended.id, ownerId: null }
    await record(tx, originOfStaff(visit, ended.staffId), { action: 'staff_session.ended', target })
  })
  visit.setCookie('staff', null)
}
