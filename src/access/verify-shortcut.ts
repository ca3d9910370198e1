import type { Verdict, Verifier } from '@doorward/sdk/kernel'
import type { KnownAdminKeys } from '../admin/known-admin-keys.ts'
import { plainPost, whenRead } from '../http/plain-post.ts'
import type { Shortcut, Shortcuts } from '../http/shortcuts.ts'
import { plainQuestion, plainQuestions } from './plain-question.ts'
import { verdictOn } from './verify.ts'
import { toVerdictWire } from './verify.wire.ts'

const BEARER = 'Bearer '
/** Longer bodies are rare, and have limits to be looked at. */
const MAX_BODY_BYTES = 64 * 1024
const HEADERS = ['content-type', 'application/json; charset=utf-8', 'cache-control', 'no-store']

/**
 * `/v1/verify` and `/v1/verify-batches` without a router, a schema or a query for the admin key: for an admin key that
 * is known here and may verify, and a body in which nothing is unusual. All else goes the long way, `verify.routes.ts`.
 */
export function verifyShortcut(
  shortcuts: Shortcuts,
  adminKeys: KnownAdminKeys,
  verifier: Verifier,
): Shortcut {
  /** The answer to a body; null where the long way has to look at it. */
  const one = (body: string): string | Promise<string> | null => {
    const question = plainQuestion(body)
    if (question === null) return null
    const verdict = verdictOn(verifier, question)
    return verdict instanceof Promise ? verdict.then(textOf) : textOf(verdict)
  }
  const batch = (body: string): string | Promise<string> | null => {
    const questions = plainQuestions(body)
    if (questions === null) return null
    const verdicts = questions.map((question) => verdictOn(verifier, question))
    return verdicts.some((verdict) => verdict instanceof Promise)
      ? Promise.all(verdicts).then(textOfAll)
      : textOfAll(verdicts as readonly Verdict[])
  }

  return (request, response) => {
    const { url } = request
    const answering = url === '/v1/verify' ? one : url === '/v1/verify-batches' ? batch : null
    if (answering === null) return false
    const post = plainPost(request, 'application/json', MAX_BODY_BYTES)
    if (post?.authorization?.startsWith(BEARER) !== true) return false
    const adminKey = adminKeys.live(post.authorization.slice(BEARER.length))
    if (adminKey?.permissions.includes('verify') !== true) return false

    const send = (text: string) => shortcuts.answerServer(response, 200, HEADERS, text)
    const fail = (error: unknown) => shortcuts.fail(response, error)
    whenRead(request, post.contentLength, (body) => {
      try {
        const answer = answering(body.toString('utf8'))
        if (answer === null) shortcuts.handBack(request, response, body)
        else if (answer instanceof Promise) answer.then(send).catch(fail)
        else send(answer)
      } catch (error) {
        fail(error)
      }
    })
    return true
  }
}

function textOf(verdict: Verdict): string {
  return JSON.stringify(toVerdictWire(verdict))
}

function textOfAll(verdicts: readonly Verdict[]): string {
  return JSON.stringify({ data: verdicts.map(toVerdictWire) })
}
