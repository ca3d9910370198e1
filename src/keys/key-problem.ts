import { type Problem, problem } from '../http/problem.ts'
import { rotationProblem } from '../secrets/rotate-secret.ts'
import type { KeyRefusal } from './key.ts'

/** A refusal as the management API states it. */
export function keyProblem(why: KeyRefusal): Problem {
  switch (why.code) {
    case 'key_revoked':
      return problem(why.code, `It was revoked ${why.at.toISOString()}. Create a new key.`)
    case 'key_expired':
      return problem(why.code, 'An expired key stays expired. Create a new key.')
    case 'key_disabled':
      return problem(why.code, 'Enable it first.')
    case 'owner_suspended':
      return problem(why.code, 'Resume the owner first.')
    default:
      return rotationProblem(why)
  }
}
