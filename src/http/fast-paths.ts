import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { headersOf } from './answer.ts'
import { type Logger, scrubPath } from './log.ts'
import { unread } from './plain-post.ts'
import { type Problem, statusOf, toProblemWire } from './problem.ts'
import { newRequestId } from './request-id.ts'
import { problemOfThrown } from './server.ts'

/**
 * Of what stands in every answer, what a script in a browser is told of an answer that is no page. Node checks each
 * header anew in each answer, and the dozen of them cost as much as everything else together.
 */
const FOR_SCRIPTS: ReadonlySet<string> = new Set(['strict-transport-security', 'x-content-type-options'])

/** Takes a request, or leaves it to the long way. @returns whether it is taken, and will be answered */
export type Shortcut = (request: IncomingMessage, response: ServerResponse) => boolean

/**
 * Short ways past Fastify, for the few questions that are asked thousands of times a second. A shortcut takes only what
 * is certainly in order; whatever it has a doubt about goes the long way, so that every "no" about a request comes from
 * one place. The long way is the definition, and a shortcut gives the same status and body, and its headers without
 * those that are for browsers.
 *
 * What goes a short way is logged at the level `debug`.
 */
export class Shortcuts {
  readonly #log: Logger
  readonly #longWay: (request: IncomingMessage, response: ServerResponse) => void
  readonly #shortcuts: Shortcut[] = []
  /** Name, value, name, value …; null until the first request has gone the long way. */
  #standing: readonly string[] | null = null
  #isClosing = false

  constructor(app: FastifyInstance, log: Logger) {
    this.#log = log
    this.#longWay = (request, response) => app.routing(request, response)
    // What is set when a request arrives is the same for all.
    app.addHook('onRequest', async (_, reply) => {
      this.#standing ??= Object.entries(reply.getHeaders())
        .filter(([name]) => FOR_SCRIPTS.has(name))
        .flatMap(([name, value]) => [name, String(value)])
    })
    app.addHook('preClose', async () => {
      this.#isClosing = true
    })
    app.server.removeAllListeners('request')
    app.server.on('request', (request, response) => this.#take(request, response))
  }

  add(shortcut: Shortcut): void {
    this.#shortcuts.push(shortcut)
  }

  /** @param headers name, value, name, value … besides those that every answer has */
  answer(
    response: ServerResponse,
    status: number,
    headers: readonly string[],
    body: string,
    requestId = newRequestId(),
  ): void {
    this.#write(response, requestId, status, headers, this.#standing ?? [], body)
  }

  /** An answer to a server, or that a proxy passes on as its own: without what tells browsers how to treat it. */
  answerServer(response: ServerResponse, status: number, headers: readonly string[], body: string): void {
    this.#write(response, newRequestId(), status, headers, [], body)
  }

  /** Answers to what was thrown on a short way as the long way does. */
  fail(response: ServerResponse, error: unknown): void {
    const id = newRequestId()
    this.refuse(response, problemOfThrown(error, id, this.#log), id)
  }

  /** Sends a problem as the long way does. */
  refuse(response: ServerResponse, problem: Problem, id = newRequestId()): void {
    const headers = Object.entries(headersOf(problem)).flat()
    const body = JSON.stringify(toProblemWire(problem, id))
    this.#write(response, id, statusOf(problem), headers, this.#standing ?? [], body)
  }

  /** Gives a request back whose body was read already. */
  handBack(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    unread(request, body)
    this.#longWay(request, response)
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    // While the server stops, the long way says so.
    if (this.#standing !== null && !this.#isClosing)
      for (const shortcut of this.#shortcuts) if (shortcut(request, response)) return
    this.#longWay(request, response)
  }

  #write(
    response: ServerResponse,
    id: string,
    status: number,
    headers: readonly string[],
    standing: readonly string[],
    body: string,
  ): void {
    const length = Buffer.byteLength(body)
    const all = ['content-length', String(length), 'x-request-id', id, ...headers, ...standing]
    // Who is answered while the server stops must let go of the connection, or the stop would wait for it.
    if (this.#isClosing) all.push('connection', 'close')
    response.writeHead(status, all)
    response.end(body, length === body.length ? 'latin1' : 'utf8')
    if (!this.#log.isLevelEnabled('debug')) return
    const { method, url = '' } = response.req
    this.#log.debug({ request_id: id, method, path: scrubPath(url), status }, 'answered')
  }
}
