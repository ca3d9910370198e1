import type { Socket } from 'node:net'
import { SourceUnavailableError } from '@doorward/sdk/kernel'
import helmet from '@fastify/helmet'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  LogController,
} from 'fastify'
import { SemaphoreTimeoutError } from '../base/semaphore.ts'
import { isUndone } from '../db/transact.ts'
import { isDatabaseUnavailable, isTooSlow } from '../db/unavailable.ts'
import { buildLazySerializer } from './lazy-serializers.ts'
import { type Logger, scrubPath, throttledLog } from './log.ts'
import { answerNotFound } from './not-found.ts'
import { PROBLEMS, type Problem, problem, toProblemWire } from './problem.ts'
import { RefusedRequest } from './refused-request.ts'
import { newRequestId } from './request-id.ts'
import { sendProblem } from './send-problem.ts'
import { parseStrictJson } from './strict-json.ts'
import { problemOfValidation, validatorCompiler } from './validation.ts'

/** An id of 255 characters, each percent-encoded. */
const MAX_PARAM_LENGTH = 3 * 255
/**
 * All headers of a request. More than proxies accept from clients (nginx: 32 KB by default), since a forward-auth request
 * repeats them: a proxy refuses larger headers itself, with its own response to the client.
 */
const MAX_HEADER_KB = 64
const MAX_BODY_BYTES = 256 * 1024
/** Time for a client to send its headers and its whole request: slow clients cannot hold connections (slowloris). */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 20_000
/** Node's interval for checking these timeouts; its default of 30 s would make 50 s of 20. */
const TIMEOUT_CHECK_MS = 1_000

/** Opens a Fastify that answers with problems (RFC 9457), reveals little, and logs no headers, bodies or queries. */
export async function openServer(log: Logger): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: newRequestId,
    requestIdHeader: false,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      maxHeaderSize: MAX_HEADER_KB * 1024,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    },
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    schemaController: { compilersFactory: { buildSerializer: buildLazySerializer } },
    frameworkErrors: (error, _, reply) => void sendProblem(reply as never, problemOf(error)),
    clientErrorHandler: answerUnreadable,
  })
  app.setValidatorCompiler(validatorCompiler)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_: unknown, body: Buffer) => {
    const read = parseStrictJson(body)
    if (!read.ok) throw new RefusedRequest(read.no)
    return read.value
  })
  app.addSchema(ProblemSchema)

  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: CONTENT_SECURITY },
    frameguard: { action: 'deny' },
    strictTransportSecurity: { maxAge: 63_072_000, includeSubDomains: true },
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
  })

  app.addHook('onRequest', async (request, reply) => {
    reply
      .header('x-request-id', request.id)
      .header('permissions-policy', 'camera=(), geolocation=(), microphone=()')
  })
  // After authentication, before a byte of the body is read.
  app.addHook('preParsing', async (request, reply) => {
    if (!isEncoded(request.headers['content-encoding']) || request.method === 'GET') return
    reply.header('accept-encoding', 'identity')
    throw new RefusedRequest(ENCODED)
  })
  // A keep-alive connection would hold up the stop of the server.
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.addHook('onSend', async (_, reply) => {
    if (closing) reply.header('connection', 'close')
  })
  app.addHook('onResponse', async (request, reply) => {
    const { method, id, url, routeOptions } = request
    const ms = Math.round(reply.elapsedTime * 10) / 10
    log.info(
      {
        request_id: id,
        method,
        route: routeOptions.url,
        path: scrubPath(url),
        status: reply.statusCode,
        ms,
      },
      'request completed',
    )
  })

  answerNotFound(app)
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    return sendProblem(reply, problemOfThrown(error, request.id, log))
  })
  return app
}

/** True for a `Content-Encoding` other than `identity` (RFC 9110 §8.4). */
function isEncoded(header: string | undefined): boolean {
  return header !== undefined && !/^\s*(?:identity)?\s*$/i.test(header)
}

/** RFC 9110 §15.5.16. */
const ENCODED = problem('unsupported_media_type', 'Send the body uncompressed, without `Content-Encoding`.')

/** Maps an error to the caller's problem. Logs our own errors and the database's. */
export function problemOfThrown(error: unknown, requestId: string, log: Logger): Problem {
  const known = problemOf(error as FastifyError)
  if (known.code === 'internal_error') log.error({ request_id: requestId, err: error }, 'internal error')
  if (known.code === 'database_unavailable')
    logUnavailable((more) =>
      log.warn({ request_id: requestId, err: error, ...(more > 0 && { more }) }, 'database unavailable'),
    )
  if (known.code === 'database_timeout')
    log.warn({ request_id: requestId, err: error }, 'statement timed out')
  return known
}

/** While the database is unavailable every request fails alike: one log line a second. */
const logUnavailable = throttledLog(1_000)

const CONTENT_SECURITY = {
  defaultSrc: ["'none'"],
  baseUri: ["'none'"],
  objectSrc: ["'none'"],
  frameAncestors: ["'none'"],
  formAction: ["'none'"],
}

/** JSON schema of a problem, for the OpenAPI document. */
const ProblemSchema = {
  $id: 'Problem',
  type: 'object',
  description: 'RFC 9457',
  required: ['type', 'title', 'status', 'detail', 'code', 'request_id'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'What happened here and what to do about it' },
    code: { type: 'string', enum: Object.keys(PROBLEMS), description: 'Stable: decide by this' },
    request_id: { type: 'string', description: 'What support asks for' },
    faults: {
      type: 'array',
      items: {
        type: 'object',
        required: ['at', 'message'],
        properties: { at: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
}

/** Maps an error below a route to a problem: the request's fault, the database's, or ours. */
function problemOf(error: FastifyError): Problem {
  if (error.validation !== undefined)
    return problemOfValidation(error.validation, error.validationContext ?? 'body')
  if (error instanceof RefusedRequest) return error.problem
  const byCode = BY_FASTIFY_CODE.get(error.code)
  if (byCode !== undefined) return byCode
  if (error instanceof SemaphoreTimeoutError)
    return problem('too_many_reads', 'Too many lists and reports run at once. Try again in a moment.', {
      retryAfterSeconds: 2,
    })
  if (!(error instanceof SourceUnavailableError) && isTooSlow(error))
    return problem(
      'database_timeout',
      `${effectOf(error)} Ask for less at once, or try again in a moment.`.trim(),
      {
        retryAfterSeconds: 5,
      },
    )
  if (isDatabaseUnavailable(error) || error instanceof SourceUnavailableError)
    return problem('database_unavailable', `${effectOf(error)} Try again in a moment.`.trim(), {
      retryAfterSeconds: 2,
    })
  // SQLSTATE 22021, 22P02 and 22P05: text that the database cannot store and our validation let through.
  if (UNSTORABLE.has(error.code)) return problem('invalid_request', 'A text cannot be stored.')
  if (error.statusCode === 400) return problem('invalid_request', 'The body cannot be read.')
  return problem('internal_error', `It was logged under the request id. ${effectOf(error)}`.trim())
}

/** Empty where a commit may have been under way, or where there was no transaction. */
function effectOf(error: Error): string {
  return isUndone(error) ? 'Nothing was changed.' : ''
}

const UNSTORABLE: ReadonlySet<string> = new Set(['22021', '22P02', '22P05'])

const BY_FASTIFY_CODE = new Map<string, Problem>([
  ['FST_ERR_CTP_BODY_TOO_LARGE', problem('payload_too_large', 'Send a smaller body.')],
  [
    'FST_ERR_CTP_INVALID_MEDIA_TYPE',
    problem('unsupported_media_type', 'Send `Content-Type: application/json`.'),
  ],
  [
    'FST_ERR_CTP_INVALID_CONTENT_LENGTH',
    problem('invalid_request', 'The Content-Length does not match the body.'),
  ],
  ['FST_ERR_BAD_URL', problem('invalid_request', 'The URL is not well-formed.')],
  ['FST_ERR_MAX_PARAM_LENGTH', problem('invalid_request', 'A segment of the path is too long.')],
])

/** Answers bytes that are not a readable request: too many headers, or not HTTP. */
function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const fault =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? problem('header_too_large', `All headers together must not exceed ${MAX_HEADER_KB} KB.`)
      : problem('invalid_request', 'The request is not readable HTTP.')
  const [status, title] = PROBLEMS[fault.code]
  const body = JSON.stringify(toProblemWire(fault, 'none'))
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}
