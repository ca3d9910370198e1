import { type Problem, problem } from '../http/problem.ts'
import { type Caller, environmentsOf, type Proof } from './caller.ts'
import type { Needs } from './operation.ts'

/** Age up to which a proof counts for dangerous operations. */
export const FRESH_SECONDS = 15 * 60

/** The one place that decides if a caller may do an operation, by what the operation says of itself. */
export function whyNotPermitted(caller: Caller, needs: Needs): Problem | null {
  const { permission, withinEnvironments, isDangerous, mediaType, isWithoutMetadata } = needs
  if (caller.proof?.lacksSecondFactor === true && !permission.startsWith('self:'))
    return noSecondFactor(caller.proof)
  if (!caller.permissions.has(permission))
    return problem('insufficient_permission', `This needs the permission \`${permission}\`.`)
  if (environmentsOf(caller.reach) !== null && withinEnvironments !== true && !permission.startsWith('self:'))
    return notOfOneEnvironment(caller)
  // A stream is not a value that metadata could be taken out of.
  if (!caller.seesMetadata && mediaType !== undefined && isWithoutMetadata !== true)
    return problem('insufficient_permission', 'This shows metadata, which you may not see.')
  return isDangerous === true ? whyNotFresh(caller) : null
}

/** The refusal of what reaches more than the caller's environments. */
export function notOfOneEnvironment(caller: Caller): Problem {
  return notCovered(caller, 'this is not of one environment')
}

/** The refusal of a change in an environment that is out of reach. */
export function notWithin(caller: Caller, environment: string): Problem {
  return notCovered(caller, `this is in \`${environment}\``)
}

function notCovered({ reach }: Caller, but: string): Problem {
  const names = (environmentsOf(reach) ?? []).map((name) => `\`${name}\``)
  return problem('environment_not_covered', `You are bound to ${names.join(', ')}, and ${but}.`)
}

/** The refusal of a person who has not proved lately who they are. Programs have no proof, and need none. */
export function whyNotFresh({ proof, now }: Pick<Caller, 'proof' | 'now'>): Problem | null {
  if (proof === null || isFresh(proof.provenAt, now)) return null
  return problem(
    'fresh_proof_required',
    `Confirm that it is you with your ${WORDS[proof.factor]} at ${proof.pages.confirm}, and send the request again within 15 minutes.`,
  )
}

/** True for a proof that is recent enough for dangerous operations. */
export function isFresh(provenAt: Date | null, now: Date): boolean {
  return provenAt !== null && now.getTime() - provenAt.getTime() <= FRESH_SECONDS * 1000
}

function noSecondFactor({ pages }: Proof): Problem {
  return problem(
    'second_factor_required',
    `A second factor is required, and you have none. Set one up at ${pages.enrol}.`,
  )
}

const WORDS = {
  password: 'password',
  totp: 'authenticator app',
  passkey: 'passkey',
  sso: 'single sign-on',
}
