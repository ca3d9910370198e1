import { newId } from '../src/base/id.ts'
import { hashToken, mintToken } from '../src/base/one-time-token.ts'
import type { RoleName } from '../src/staff/role.ts'
import { insertStaff } from '../src/staff/staff.store.ts'
import type { Factor } from '../src/staff/staff.ts'
import { insertStaffSession } from '../src/staff/staff-session.store.ts'
import type { CallOptions, TestApp } from './app.ts'

export interface SignedInStaff {
  readonly id: string
  readonly email: string
  readonly sessionId: string
  readonly token: string
  /** The headers that a page of ours sends with a change. */
  readonly headers: Record<string, string>
  /** Options of a call as this member. */
  readonly as: CallOptions
}

let count = 0

/** Stores a member who has just signed in. The stored password is none: nobody can prove it. */
export async function staffAs(
  { db, clock }: Pick<TestApp, 'db' | 'clock'>,
  role: RoleName,
  {
    proven = ['password'],
    email = `${role}-${++count}@staff.example`,
  }: { proven?: Factor[]; email?: string } = {},
): Promise<SignedInStaff> {
  const [id, sessionId, now] = [newId('stf'), newId('sts'), clock.now()]
  const token = mintToken('st').reveal()
  await db.transaction().execute(async (tx) => {
    const made = { createdBy: 'test', createdAt: now, passwordHash: 'none' }
    await insertStaff(tx, { id, email, name: `A ${role}`, role, ...made })
    const session = { hash: hashToken(token), id: sessionId, staffId: id, ip: null, userAgent: null, proven }
    await insertStaffSession(tx, session, now)
  })
  const headers = staffHeaders(token)
  return { id, email, sessionId, token, headers, as: { as: null, headers } }
}

/** Signs a member in once more, in another browser. */
export async function secondSession(
  { db, clock }: Pick<TestApp, 'db' | 'clock'>,
  { id: staffId }: Pick<SignedInStaff, 'id'>,
): Promise<Record<string, string>> {
  const token = mintToken('st').reveal()
  const session = { hash: hashToken(token), id: newId('sts'), staffId, ip: null, userAgent: null }
  await db
    .transaction()
    .execute((tx) => insertStaffSession(tx, { ...session, proven: ['password'] }, clock.now()))
  return staffHeaders(token)
}

export function staffHeaders(token: string): Record<string, string> {
  return { cookie: `doorward-staff=${token}`, 'sec-fetch-site': 'same-origin' }
}
