import type { FastPath, FastPaths } from '../http/fast-paths.ts'
import type { ForwardAnswer, ForwardAuth } from './forward-auth.ts'
import { isAsking } from './original-request.ts'

/** Fast path of `/v1/forward-auth`, without a router: for trusted proxies; all else takes the slow path. */
export function forwardAuthFastPath(fastPaths: FastPaths, forwardAuth: ForwardAuth): FastPath {
  return (request, response) => {
    if (!isAsking(forwardAuth.rules.proxy, request.url) || !forwardAuth.trusts(request)) return false
    const send = ({ status, headers, body }: ForwardAnswer) =>
      fastPaths.answerServer(response, status, headers, body)
    try {
      const answer = forwardAuth.answer(request)
      if (answer instanceof Promise) answer.then(send).catch((error) => fastPaths.fail(response, error))
      else send(answer)
    } catch (error) {
      fastPaths.fail(response, error)
    }
    return true
  }
}
