import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { restoreBody } from './fast-path-post.ts'
import { type Logger, scrubPath } from './log.ts'
import { type Problem, statusOf, toProblemWire } from './problem.ts'
import { newRequestId } from './request-id.ts'
import { headersOf } from './send-problem.ts'
import { problemOfThrown } from './server.ts'

/**
 * Those of the headers of every response that matter for a response that is not a page. Node checks each header in each
 * response, and all dozen would cost as much as the rest of the fast path.
 */
const FOR_SCRIPTS: ReadonlySet<string> = new Set(['strict-transport-security', 'x-content-type-options'])

/** Takes a request or leaves it to Fastify. @returns true where it is taken and will be answered */
export type FastPath = (request: IncomingMessage, response: ServerResponse) => boolean

/**
 * Fast paths past Fastify, for the few requests that come thousands of times a second. A fast path takes only requests
 * that are certainly well-formed and leaves every doubtful one to Fastify, so that each refusal of a request has one
 * implementation. Fastify's routes define the behaviour: a fast path gives the same status and body, and the same headers
 * without those for browsers.
 *
 * Requests on a fast path are logged at level `debug`.
 */
export class FastPaths {
  readonly #log: Logger
  readonly #fastify: (request: IncomingMessage, response: ServerResponse) => void
  readonly #fastPaths: FastPath[] = []
  /** Name, value, name, value …; null until Fastify has answered the first request. */
  #common: readonly string[] | null = null
  #isClosing = false

  constructor(app: FastifyInstance, log: Logger) {
    this.#log = log
    this.#fastify = (request, response) => app.routing(request, response)
    // The headers that are set when a request arrives are the same for all.
    app.addHook('onRequest', async (_, reply) => {
      this.#common ??= Object.entries(reply.getHeaders())
        .filter(([name]) => FOR_SCRIPTS.has(name))
        .flatMap(([name, value]) => [name, String(value)])
    })
    app.addHook('preClose', async () => {
      this.#isClosing = true
    })
    app.server.removeAllListeners('request')
    app.server.on('request', (request, response) => this.#take(request, response))
  }

  add(fastPath: FastPath): void {
    this.#fastPaths.push(fastPath)
  }

  /** @param headers name, value, name, value … besides those of every response */
  answer(
    response: ServerResponse,
    status: number,
    headers: readonly string[],
    body: string,
    requestId = newRequestId(),
  ): void {
    this.#write(response, requestId, status, headers, this.#common ?? [], body)
  }

  /** Answers a server or a proxy: without the headers for browsers. */
  answerServer(response: ServerResponse, status: number, headers: readonly string[], body: string): void {
    this.#write(response, newRequestId(), status, headers, [], body)
  }

  /** Answers an error on a fast path as Fastify's error handler does. */
  fail(response: ServerResponse, error: unknown): void {
    const id = newRequestId()
    this.refuse(response, problemOfThrown(error, id, this.#log), id)
  }

  /** Sends a problem with the same bytes as `sendProblem`. */
  refuse(response: ServerResponse, problem: Problem, id = newRequestId()): void {
    const headers = Object.entries(headersOf(problem)).flat()
    const body = JSON.stringify(toProblemWire(problem, id))
    this.#write(response, id, statusOf(problem), headers, this.#common ?? [], body)
  }

  /** Hands a request to Fastify after its body was read. */
  handBack(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    restoreBody(request, body)
    this.#fastify(request, response)
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    // While the server stops, Fastify answers that it does.
    if (this.#common !== null && !this.#isClosing)
      for (const fastPath of this.#fastPaths) if (fastPath(request, response)) return
    this.#fastify(request, response)
  }

  #write(
    response: ServerResponse,
    id: string,
    status: number,
    headers: readonly string[],
    common: readonly string[],
    body: string,
  ): void {
    const length = Buffer.byteLength(body)
    const all = ['content-length', String(length), 'x-request-id', id, ...headers, ...common]
    // A keep-alive connection would hold up the stop of the server.
    if (this.#isClosing) all.push('connection', 'close')
    response.writeHead(status, all)
    response.end(body, length === body.length ? 'latin1' : 'utf8')
    if (!this.#log.isLevelEnabled('debug')) return
    const { method, url = '' } = response.req
    this.#log.debug({ request_id: id, method, path: scrubPath(url), status }, 'request completed')
  }
}
