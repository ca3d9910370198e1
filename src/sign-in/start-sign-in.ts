import { addSeconds } from '../base/clock.ts'
import { hashToken, mintToken } from '../base/one-time-token.ts'
import type { Db } from '../db/schema.ts'
import { browserHash, type Visit } from '../pages/visit.ts'
import { insertChallenge } from './login-challenge.store.ts'
import { CHALLENGE_SECONDS } from './login-challenge.ts'
import type { SignInRequest } from './sign-in.ts'

/** Stores a login challenge, bound to this browser; the caller has counted it. @returns the challenge's token */
export async function startSignIn(db: Db, visit: Visit, request: SignInRequest): Promise<string> {
  const token = mintToken('lc').reveal()
  const challenge = {
    hash: hashToken(token),
    returnTo: request.returnTo,
    refusedTo: request.refusedTo ?? null,
    clientName: request.clientName ?? null,
    loginHint: request.loginHint?.slice(0, 254) ?? null,
    wantsFresh: request.fresh ?? false,
    createdAt: visit.now,
    expiresAt: addSeconds(visit.now, CHALLENGE_SECONDS),
  }
  await insertChallenge(db, challenge, browserHash(visit))
  return token
}
