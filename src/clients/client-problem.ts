import { type Problem, problem } from '../http/problem.ts'
import { rotationProblem } from '../secrets/rotate-secret.ts'
import type { ClientRefusal } from './client-rules.ts'

/** A refusal as the management API states it. */
export function clientProblem(why: ClientRefusal): Problem {
  switch (why.code) {
    case 'client_revoked':
      return problem(why.code, `It was revoked ${why.at.toISOString()}. Register a new client.`)
    case 'exceeds_authority':
      return problem(why.code, 'The API provider suspended it. Only the API provider can resume it.')
    case 'client_without_secret':
      return problem(
        why.code,
        'Set `token_endpoint_auth_method` to `client_secret_basic` or `client_secret_post` first. Public clients have none.',
      )
    default:
      return rotationProblem(why)
  }
}
