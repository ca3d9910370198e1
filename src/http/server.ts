import type { Socket } from 'node:net'
import { SourceUnavailableError } from '@doorward/sdk/kernel'
import helmet from '@fastify/helmet'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  LogController,
} from 'fastify'
import { isDatabaseUnavailable } from '../db/unavailable.ts'
import { sendProblem } from './answer.ts'
import { type Logger, scrubPath } from './log.ts'
import { PROBLEMS, type Problem, problem, toProblemWire } from './problem.ts'
import { newRequestId } from './request-id.ts'
import { problemOfValidation, validatorCompiler } from './validation.ts'

const MAX_BODY_BYTES = 256 * 1024
/** How long a client may take to send its headers and its whole request: slow ones cannot hold connections for ever. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 20_000
/** Node looks at the limits above this often; its default of 30 s would make 50 s of 20. */
const TIMEOUT_CHECK_MS = 1_000

/** A Fastify that speaks problems, says little of itself, and logs neither headers, bodies nor queries. */
export async function openServer(log: Logger): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: newRequestId,
    requestIdHeader: false,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: TIMEOUT_CHECK_MS },
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    routerOptions: { maxParamLength: 400 },
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    frameworkErrors: (error, _, reply) => void sendProblem(reply as never, problemOf(error)),
    clientErrorHandler: answerUnreadable,
  })
  app.setValidatorCompiler(validatorCompiler)
  app.removeContentTypeParser('text/plain')
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
  // Who is answered while the server stops must let go of the connection, or the stop would wait for it.
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
    request.log.info(
      {
        request_id: id,
        method,
        route: routeOptions.url,
        path: scrubPath(url),
        status: reply.statusCode,
        ms,
      },
      'answered',
    )
  })

  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      reply,
      problem('not_found', `There is no ${request.method} here; see /openapi.json for what there is.`),
    ),
  )
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    return sendProblem(reply, problemOfThrown(error, request.id, request.log as Logger))
  })
  return app
}

/** What was thrown, as the problem that the caller hears; ours, and the database's, are logged. */
export function problemOfThrown(error: unknown, requestId: string, log: Logger): Problem {
  const known = problemOf(error as FastifyError)
  if (known.code === 'internal_error') log.error({ request_id: requestId, err: error }, 'a bug')
  if (known.code === 'database_unavailable') log.warn({ request_id: requestId, err: error }, 'no database')
  return known
}

const CONTENT_SECURITY = {
  defaultSrc: ["'none'"],
  baseUri: ["'none'"],
  objectSrc: ["'none'"],
  frameAncestors: ["'none'"],
  formAction: ["'none'"],
}

/** As it stands in the OpenAPI document. */
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

/** What is thrown below a route, as a problem: the request's fault, the database's, or ours. */
function problemOf(error: FastifyError): Problem {
  if (error.validation !== undefined)
    return problemOfValidation(error.validation, error.validationContext ?? 'body')
  const byCode = BY_FASTIFY_CODE.get(error.code)
  if (byCode !== undefined) return byCode
  if (isDatabaseUnavailable(error) || error instanceof SourceUnavailableError)
    return problem('database_unavailable', 'Nothing was changed. Try again in a moment.', {
      retryAfterSeconds: 2,
    })
  // SQLSTATE 22021 and 22P05: text that the database cannot hold, past our own look at it.
  if (error.code === '22021' || error.code === '22P05')
    return problem('invalid_request', 'A text cannot be stored.')
  if (error.statusCode === 400) return problem('invalid_request', 'The body is no JSON that can be read.')
  return problem('internal_error', 'It was logged under the request id. Nothing was changed.')
}

const BY_FASTIFY_CODE = new Map<string, Problem>([
  ['FST_ERR_CTP_BODY_TOO_LARGE', problem('payload_too_large', 'Send less at once.')],
  [
    'FST_ERR_CTP_INVALID_MEDIA_TYPE',
    problem('unsupported_media_type', 'Send `Content-Type: application/json`.'),
  ],
  [
    'FST_ERR_CTP_EMPTY_JSON_BODY',
    problem('invalid_request', 'The body is empty, though it says it is JSON.'),
  ],
  ['FST_ERR_CTP_INVALID_JSON_BODY', problem('invalid_request', 'The body is no JSON that can be read.')],
  [
    'FST_ERR_CTP_INVALID_CONTENT_LENGTH',
    problem('invalid_request', 'The Content-Length does not fit the body.'),
  ],
  ['FST_ERR_BAD_URL', problem('invalid_request', 'The URL is not well-formed.')],
  ['FST_ERR_MAX_PARAM_LENGTH', problem('invalid_request', 'A part of the path is too long.')],
])

/** Bytes that never became a request: too many headers, or no HTTP at all. */
function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const fault =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? problem('header_too_large', 'All headers together may take 16 KB.')
      : problem('invalid_request', 'This is no HTTP request that can be read.')
  const [status, title] = PROBLEMS[fault.code]
  const body = JSON.stringify(toProblemWire(fault, 'none'))
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}
