import { nearestName } from '@doorward/sdk/kernel'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Problem, problem } from './problem.ts'
import { sendProblem } from './send-problem.ts'

/** Longest path that is searched for. */
const MAX_PATH_LENGTH = 400

/** A registered path: its segments, null for a parameter, and its methods. */
interface KnownPath {
  readonly path: string
  readonly parts: readonly (string | null)[]
  readonly methods: Set<string>
}

/** Answers requests without a route: 405 with the path's methods (RFC 9110 §15.5.6), or 404 with the nearest path. */
export function answerNotFound(app: FastifyInstance): void {
  const known = new Map<string, KnownPath>()
  app.addHook('onRoute', ({ url, method }) => {
    // A route with a list of methods refuses them by itself.
    if (Array.isArray(method)) return
    const parts = url.split('/').map((part) => (/^:|\*/.test(part) ? null : part))
    const at: KnownPath = known.get(url) ?? { path: url, parts, methods: new Set() }
    at.methods.add(method)
    known.set(url, at)
  })
  app.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) => {
    const [path = '/'] = request.url.slice(0, MAX_PATH_LENGTH).split('?', 1)
    const methods = methodsAt(path, known.values())
    if (methods.length === 0)
      return sendProblem(reply, problem('not_found', suggestionFor(path, known.values())))
    return sendProblem(reply.header('allow', methods.join(', ')), wrongMethod(request.method, methods))
  })
}

function wrongMethod(method: string, methods: readonly string[]): Problem {
  return problem('method_not_allowed', `This path takes ${methods.join(', ')}, not ${method.slice(0, 20)}.`)
}

function methodsAt(path: string, known: Iterable<KnownPath>): string[] {
  const parts = path.split('/')
  const methods = [...known].filter((each) => isAt(parts, each)).flatMap((each) => [...each.methods])
  return [...new Set(methods)].sort()
}

function isAt(asked: readonly string[], { parts }: KnownPath): boolean {
  return (
    asked.length === parts.length &&
    parts.every((part, at) => (part === null ? asked[at] !== '' : asked[at] === part))
  )
}

const SEE = 'See /docs for the API, and /openapi.json for programs.'

/** Suggests the path without a trailing slash or with the version in front, else the most similar registered path. */
function suggestionFor(path: string, known: Iterable<KnownPath>): string {
  const all = [...known]
  const bare = path.replace(/\/+$/, '')
  const meant = [bare, `/v1${bare}`].find((each) => each !== path && methodsAt(each, all).length > 0)
  // Segments may hold secrets: only the route's own path is repeated.
  const near =
    meant === undefined
      ? nearestName(
          bare,
          all.map((each) => each.path),
        )
      : routeAt(meant, all)
  return near === null
    ? `There is nothing at this path. ${SEE}`
    : `There is nothing at this path; did you mean ${near}? ${SEE}`
}

function routeAt(path: string, known: readonly KnownPath[]): string | null {
  const parts = path.split('/')
  return known.find((each) => isAt(parts, each))?.path.replace(/:(\w+)/g, '{$1}') ?? null
}
