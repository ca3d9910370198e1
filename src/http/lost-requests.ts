import { nearestName } from '@doorward/sdk/kernel'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { sendProblem } from './answer.ts'
import { type Problem, problem } from './problem.ts'

/** A path longer than this is looked for nowhere. */
const MAX_PATH_LENGTH = 400

/** A path that something is at: its parts, null for a parameter; and the methods. */
interface KnownPath {
  readonly path: string
  readonly parts: readonly (string | null)[]
  readonly methods: Set<string>
}

/** Answers what no route takes: with the methods of the path (RFC 9110 §15.5.6), or with the path that may be meant. */
export function answerLostRequests(app: FastifyInstance): void {
  const known = new Map<string, KnownPath>()
  app.addHook('onRoute', ({ url, method }) => {
    // A list of methods is a route's own way to refuse them.
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
      return sendProblem(reply, problem('not_found', whatIsMeant(path, known.values())))
    return sendProblem(reply.header('allow', methods.join(', ')), wrongMethod(request.method, methods))
  })
}

function wrongMethod(method: string, methods: readonly string[]): Problem {
  return problem(
    'method_not_allowed',
    `This path takes ${methods.join(', ')}, and no ${method.slice(0, 20)}.`,
  )
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

/** The path without a slash at its end or with the version in front, or the known one most like it. */
function whatIsMeant(path: string, known: Iterable<KnownPath>): string {
  const all = [...known]
  const bare = path.replace(/\/+$/, '')
  const meant = [bare, `/v1${bare}`].find((each) => each !== path && methodsAt(each, all).length > 0)
  // What is in the path may be secret: a path is named as its route has it.
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
