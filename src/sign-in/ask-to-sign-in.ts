import { addSeconds } from '../base/clock.ts'
import { hashToken, mintToken } from '../base/one-time-token.ts'
import type { Db } from '../db/schema.ts'
import { browserHash, type Visit } from '../pages/visit.ts'
import { insertChallenge } from './login-challenge.store.ts'
import { CHALLENGE_SECONDS } from './login-challenge.ts'
import type { SignInWish } from './sign-in.ts'

/** Keeps what somebody shall sign in for, bound to this browser. @returns the challenge's token */
export async function askToSignIn(db: Db, visit: Visit, wish: SignInWish): Promise<string> {
  const token = mintToken('lc').reveal()
  const challenge = {
    hash: hashToken(token),
    returnTo: wish.returnTo,
    refusedTo: wish.refusedTo ?? null,
    clientName: wish.clientName ?? null,
    loginHint: wish.loginHint?.slice(0, 254) ?? null,
    wantsFresh: wish.fresh ?? false,
    createdAt: visit.now,
    expiresAt: addSeconds(visit.now, CHALLENGE_SECONDS),
  }
  await insertChallenge(db, challenge, browserHash(visit))
  return token
}
