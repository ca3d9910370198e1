import { addressOfHop, type Verdict, type Verifier } from '@doorward/sdk/kernel'
import { no, type Result, yes } from '../base/result.ts'
import { type Problem, problem } from '../http/problem.ts'
import type { Question } from './verify.wire.ts'

/** At once where the record is known here; see `Verifier`. */
export function verdictOn(verifier: Verifier, question: Question): Verdict | Promise<Verdict> {
  const { credential, credential_sha256: hash = '', scopes = [], environment = null, resource } = question
  const asked = { scopes, environment, resource, clientIp: addressOfHop(question.client_ip) }
  const call = {
    userAgent: question.user_agent ?? null,
    dryRun: question.dry_run ?? false,
    cost: question.cost,
  }
  return credential === undefined
    ? verifier.verifyHash(hash, asked, call)
    : verifier.verify(credential, asked, call)
}

/** What no schema says: that there is one credential. */
export function checkQuestion(question: Question, at = ''): Result<Question, Problem> {
  if ((question.credential === undefined) !== (question.credential_sha256 === undefined)) return yes(question)
  const where = at === '' ? '' : `${at}: `
  return no(
    problem('invalid_request', `${where}Give \`credential\` or \`credential_sha256\`, one of the two.`),
  )
}
