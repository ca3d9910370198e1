import type { Secret } from '@doorward/sdk/kernel'
import { originOfVisit } from '../audit/visit-origin.ts'
import { addSeconds } from '../base/clock.ts'
import { hashToken, mintToken } from '../base/one-time-token.ts'
import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Db, Tx } from '../db/schema.ts'
import { transact } from '../db/transact.ts'
import type { Visit } from '../pages/visit.ts'
import { endSessionsOf } from '../sessions/session.store.ts'
import { holdEnabled } from './disabled-user.store.ts'
import { findLink, insertLink, spendLink } from './password-link.store.ts'
import { hashRequestOf } from './password-queue.ts'
import type { Passwords } from './prove-password.ts'
import { setPasswordHash } from './user.store.ts'
import { LINK_SECONDS } from './user.ts'

/** Creates a one-time link with which a user sets a password; earlier links stop working. */
export async function makePasswordLink(
  tx: Tx,
  userId: string,
  now: Date,
): Promise<{ token: Secret; expiresAt: Date }> {
  const token = mintToken('pl')
  const expiresAt = addSeconds(now, LINK_SECONDS)
  await insertLink(tx, { hash: hashToken(token.reveal()), userId, createdAt: now, expiresAt })
  return { token, expiresAt }
}

export type PasswordRefused =
  | { readonly reason: 'link_over' }
  | { readonly reason: 'too_busy' }
  | { readonly reason: 'unsuitable'; readonly why: string }

/** Sets the password of the link's user and ends all sessions. An unsuitable password leaves the link unspent. */
export async function setPassword(
  db: Db,
  passwords: Passwords,
  visit: Visit,
  link: string,
  password: string,
): Promise<Result<void, PasswordRefused>> {
  const hash = hashToken(link)
  const found = await findLink(db, hash, visit.now)
  if (found === undefined) return no({ reason: 'link_over' })
  const why = await passwords.whyUnsuitable(password, found.email)
  if (why !== null) return no({ reason: 'unsuitable', why })
  const hashed = await passwords.hash(hashRequestOf(visit), password)
  if (!hashed.ok) return no({ reason: hashed.no })
  return await transact<void, PasswordRefused>(db, async (tx) => {
    if (!(await holdEnabled(tx, found.userId))) return no({ reason: 'link_over' })
    if (!(await spendLink(tx, hash, visit.now))) return no({ reason: 'link_over' })
    await setPasswordHash(tx, found.userId, hashed.value, visit.now)
    const sessions = await endSessionsOf(tx, found.userId, visit.now)
    await record(tx, originOfVisit(visit, found.userId), {
      action: 'password.set',
      target: { id: found.userId, ownerId: null },
      detail: { sessions_ended: sessions },
    })
    return yes(undefined)
  })
}
