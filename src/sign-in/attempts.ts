import type { Origin } from '../audit/audit-event.ts'
import type { RefusedAttempts } from '../audit/refused-attempts.ts'
import type { Clock } from '../base/clock.ts'
import { no, type Result } from '../base/result.ts'
import type { Logger } from '../http/log.ts'
import type { Visit } from '../pages/visit.ts'
import { hashRequestOf } from '../users/password-queue.ts'
import type { Passwords } from '../users/prove-password.ts'
import { SignInLimits } from './sign-in-limits.ts'

/** A form in which a person proves who they are. */
export interface Attempt {
  /** The account whose guesses are counted. */
  readonly email: string
  /** Recorded as refused: anonymous, or the person who is signed in. */
  readonly origin: Origin
  readonly route: string
  /** One text for every cause, so that nothing reveals which accounts exist or are disabled (user enumeration). */
  readonly wrong: string
}

/** `changed`: another password was stored between its proof and its use. */
export type NotProven = 'wrong' | 'too_busy' | 'changed'

/** A fault that a form shows. */
export interface FormFault {
  readonly alert: string
  readonly status: number
  readonly retryAfterSeconds?: number
}

export interface Attempts {
  /**
   * Makes an attempt within the limits on guesses, and records a wrong one.
   *
   * @param prove proves and uses the proof, for example starts a session; it runs again after `changed`
   */
  make<T>(
    visit: Visit,
    attempt: Attempt,
    prove: () => Promise<Result<T, NotProven>>,
  ): Promise<Result<T, FormFault>>
}

/** Limits on guesses of their own: those for users do not count for staff. */
export function openAttempts(refusedAttempts: RefusedAttempts, clock: Clock, log: Logger): Attempts {
  const limits = new SignInLimits(clock)
  return {
    make: async (visit, { email, origin, route, wrong }, prove) => {
      const wait = limits.attempt(email, visit.ip)
      if (wait !== null) {
        const fields = { request_id: visit.requestId, ip: visit.ip, route }
        log.warn(fields, 'sign-in not tried: too many attempts')
        return no(tooMany(wait))
      }
      let proven = await prove()
      // Another sign-in has rehashed the password meanwhile, or a new one was set.
      if (!proven.ok && proven.no === 'changed') proven = await prove()
      if (proven.ok) {
        limits.succeeded(email, visit.ip)
        return proven
      }
      if (proven.no === 'too_busy') {
        limits.notMade(email, visit.ip)
        return no({ alert: TOO_BUSY, status: 503, retryAfterSeconds: 5 })
      }
      const refused = {
        code: 'sign_in_refused',
        method: 'POST',
        route,
        targetId: null,
        ownerId: null,
      } as const
      await refusedAttempts.record(origin, refused)
      return no({ alert: wrong, status: 401 })
    },
  }
}

/** Rehashes a proven password whose hash is outdated. A failure must not fail the sign-in. */
export async function renewHash(
  { passwords, log }: { readonly passwords: Passwords; readonly log: Logger },
  visit: Visit,
  { password, passwordHash: from }: { readonly password: string; readonly passwordHash: string },
  replace: (hashes: { readonly from: string; readonly to: string }) => Promise<void>,
): Promise<void> {
  try {
    const to = await passwords.rehash(hashRequestOf(visit), password, from)
    if (to !== null) await replace({ from, to })
  } catch (error) {
    const fields = { err: error, request_id: visit.requestId }
    log.warn(fields, 'password not rehashed; the stored hash still works')
  }
}

/** The address in a form, as stored. */
export function emailOf(fields: URLSearchParams): string {
  return (fields.get('email') ?? '').trim().toLowerCase().slice(0, 254)
}

function tooMany(waitSeconds: number): FormFault {
  const minutes = Math.ceil(waitSeconds / 60)
  const alert = `Too many attempts. Try again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}.`
  return { alert, status: 429, retryAfterSeconds: waitSeconds }
}

export const TOO_BUSY = 'Many people are signing in right now. Try again in a few seconds.'

export const WRONG_PASSWORD = 'The e-mail address or the password is wrong.'
