import type { Verdict } from '@doorward/sdk/kernel'
import type { KnownAdminKeys } from '../admin-keys/known-admin-keys.ts'
import { collectBody, fastPathPost } from '../http/fast-path-post.ts'
import type { FastPath, FastPaths } from '../http/fast-paths.ts'
import type { Problem } from '../http/problem.ts'
import { plainQuestion, plainQuestions } from './fast-path-body.ts'
import type { Verification } from './verify.ts'
import type { VerdictAnswer } from './verify.wire.ts'

const BEARER = 'Bearer '
/** Serialized verdicts, or the fault of the request. */
type Answer = string | Problem

/** Longer bodies are rare, and the slow path checks their limits. */
const MAX_BODY_BYTES = 64 * 1024
const HEADERS = ['content-type', 'application/json; charset=utf-8', 'cache-control', 'no-store']

/**
 * Fast path of `/v1/verify` and `/v1/verify-batches`, without a router, a schema or a query for the admin key: for a
 * cached admin key that may verify, and a plain body. All else takes the slow path, `verify.routes.ts`.
 */
export function verifyFastPath(
  fastPaths: FastPaths,
  adminKeys: KnownAdminKeys,
  verification: Verification,
): FastPath {
  /** The response to a body; null hands the request to the slow path. */
  const one = (body: string): Answer | Promise<Answer> | null => {
    const question = plainQuestion(body)
    if (question === null || verification.whyNot(question) !== null) return null
    const answerTo = (verdict: Verdict) => {
      const undeclared = verification.whyUndeclared(verdict)
      if (undeclared === null) return textOf(verification.answerOf(verdict))
      return undeclared.then((fault) => fault ?? textOf(verification.answerOf(verdict)))
    }
    const verdict = verification.verdictOn(question)
    return verdict instanceof Promise ? verdict.then(answerTo) : answerTo(verdict)
  }
  const batch = (body: string): Answer | Promise<Answer> | null => {
    const questions = plainQuestions(body)
    if (questions === null || questions.some((question) => verification.whyNot(question) !== null))
      return null
    const answerTo = (verdicts: readonly Verdict[]) => {
      const undeclared = verification.whyAnyUndeclared(verdicts)
      if (undeclared === null) return textOfAll(verdicts.map(verification.answerOf))
      return undeclared.then((fault) => fault ?? textOfAll(verdicts.map(verification.answerOf)))
    }
    const verdicts = questions.map((question) => verification.verdictOn(question))
    return verdicts.some((verdict) => verdict instanceof Promise)
      ? Promise.all(verdicts).then(answerTo)
      : answerTo(verdicts as readonly Verdict[])
  }

  return (request, response) => {
    const { url } = request
    const answering = url === '/v1/verify' ? one : url === '/v1/verify-batches' ? batch : null
    if (answering === null) return false
    const post = fastPathPost(request, 'application/json', MAX_BODY_BYTES)
    if (post?.authorization?.startsWith(BEARER) !== true) return false
    const adminKey = adminKeys.live(post.authorization.slice(BEARER.length))
    if (adminKey?.permissions.includes('verify') !== true) return false
    adminKeys.uses.note(adminKey, 'verify', request)

    const send = (answer: Answer) =>
      typeof answer === 'string'
        ? fastPaths.answerServer(response, 200, HEADERS, answer)
        : fastPaths.refuse(response, answer)
    const fail = (error: unknown) => fastPaths.fail(response, error)
    collectBody(request, post.contentLength, (body) => {
      try {
        const answer = answering(body.toString('utf8'))
        if (answer === null) fastPaths.handBack(request, response, body)
        else if (answer instanceof Promise) answer.then(send).catch(fail)
        else send(answer)
      } catch (error) {
        fail(error)
      }
    })
    return true
  }
}

function textOf(answer: VerdictAnswer): string {
  return JSON.stringify(answer)
}

function textOfAll(answers: readonly VerdictAnswer[]): string {
  return JSON.stringify({ data: answers })
}
