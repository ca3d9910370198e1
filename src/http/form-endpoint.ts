import type { IncomingMessage } from 'node:http'
import { clientIp, fromNodeRequest, type IpRanges } from '@doorward/sdk/kernel'
import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify'
import type { Clock } from '../base/clock.ts'
import { FROM_ANYWHERE, preflightFor } from './cross-origin.ts'
import { collectBody, fastPathPost } from './fast-path-post.ts'
import type { FastPath, FastPaths } from './fast-paths.ts'
import type { Logger } from './log.ts'
import { newRequestId } from './request-id.ts'
import { problemOfThrown } from './server.ts'

/** A form posted by a program. */
export interface FormCall {
  readonly form: URLSearchParams
  /** Names of the URL's query parameters, where no credential belongs. */
  readonly queried: ReadonlySet<string>
  /** All `Authorization` headers, unchanged. */
  readonly authorization: readonly string[]
  readonly ip: string | null
  readonly userAgent: string | null
  readonly requestId: string
  readonly now: Date
}

export interface JsonAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Null: an empty body, still with `Content-Type: application/json`, which some clients expect. */
  readonly body: Readonly<Record<string, unknown>> | null
}

export interface FormEndpointParts {
  readonly trustedProxies: IpRanges | null
  readonly clock: Clock
  readonly log: Logger
  readonly fastPaths: FastPaths
}

type Take = (call: FormCall) => Promise<JsonAnswer>

/** Endpoints that take forms and answer in JSON, as OAuth requires; separate from the management API and from pages. */
export interface FormEndpoints {
  post(path: string, take: Take): void
}

const FORM = 'application/x-www-form-urlencoded'
/** A client library may repeat all scopes of a grant: 250 of 128 characters, and a signed assertion. */
const MAX_FORM_BYTES = 40 * 1024
const NEVER_KEPT = { 'cache-control': 'no-store', pragma: 'no-cache' }
const OTHER_METHODS = ['GET', 'PUT', 'PATCH', 'DELETE'] as const

export async function openFormEndpoints(
  server: FastifyInstance,
  parts: FormEndpointParts,
): Promise<FormEndpoints> {
  const { log, fastPaths } = parts
  let app = server
  await server.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      FORM,
      { parseAs: 'string', bodyLimit: MAX_FORM_BYTES },
      async (_: unknown, body: unknown) => formOf(body),
    )
    scope.setErrorHandler<FastifyError>((error, request, reply) =>
      send(reply, answerTo(error, request.id, log)),
    )
    app = scope
  })
  const schema = { hide: true }
  return {
    post: (path, take) => {
      app.post(path, { schema, bodyLimit: MAX_FORM_BYTES }, async (request, reply) =>
        send(reply, await take(callOf(parts, request.raw, formOf(request.body), request.id))),
      )
      fastPaths.add(formFastPath(parts, path, take))
      app.options(path, { schema }, async (_, reply) => reply.code(204).headers(preflightFor('POST')).send())
      app.route({
        url: path,
        method: [...OTHER_METHODS],
        schema,
        exposeHeadRoute: false,
        handler: async (_, reply) =>
          send(reply, {
            status: 405,
            headers: { allow: 'POST, OPTIONS' },
            body: { error: 'invalid_request', error_description: `Send a POST with Content-Type: ${FORM}.` },
          }),
      })
    },
  }
}

/** Fast path for a well-formed form: without a router, with the same endpoint function. */
function formFastPath(parts: FormEndpointParts, path: string, take: Take): FastPath {
  return (request, response) => {
    if (request.url !== path) return false
    const post = fastPathPost(request, FORM, MAX_FORM_BYTES)
    if (post === null) return false
    const id = newRequestId()
    const answer = (said: JsonAnswer) =>
      parts.fastPaths.answer(response, said.status, Object.entries(headersOf(said)).flat(), textOf(said), id)
    collectBody(request, post.contentLength, (body) => {
      take(callOf(parts, request, formOf(body.toString('utf8')), id))
        .catch((error: FastifyError) => answerTo(error, id, parts.log))
        .then(answer)
    })
    return true
  }
}

function formOf(body: unknown): URLSearchParams {
  if (body instanceof URLSearchParams) return body
  return new URLSearchParams(typeof body === 'string' ? body : '')
}

function callOf(
  { trustedProxies, clock }: FormEndpointParts,
  request: IncomingMessage,
  form: URLSearchParams,
  requestId: string,
): FormCall {
  const { url = '/' } = request
  const { peerIp, forwardedFor, authorization, userAgent } = fromNodeRequest(request, url)
  const queried = url.includes('?') ? new URL(url, 'http://ours').searchParams.keys() : []
  return {
    form,
    queried: new Set(queried),
    authorization,
    ip: clientIp(peerIp, forwardedFor, trustedProxies),
    userAgent,
    requestId,
    now: clock.now(),
  }
}

function send(reply: FastifyReply, answer: JsonAnswer): FastifyReply {
  return reply.code(answer.status).headers(headersOf(answer)).send(textOf(answer))
}

function headersOf({ headers }: JsonAnswer): Record<string, string> {
  return { 'content-type': 'application/json; charset=utf-8', ...NEVER_KEPT, ...FROM_ANYWHERE, ...headers }
}

function textOf({ body }: JsonAnswer): string {
  return body === null ? '' : JSON.stringify(body)
}

/** Maps an error outside OAuth's own rules to an error response (RFC 6749 §5.2). */
function answerTo(error: FastifyError, requestId: string, log: Logger): JsonAnswer {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return fault(413, 'invalid_request', `The body is larger than ${MAX_FORM_BYTES} bytes.`)
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return fault(415, 'invalid_request', `Send Content-Type: ${FORM}.`)
  }
  const { code, detail, retryAfterSeconds } = problemOfThrown(error, requestId, log)
  if (code === 'unsupported_media_type') return fault(415, 'invalid_request', detail)
  if (code === 'database_unavailable') {
    const later = { 'retry-after': String(retryAfterSeconds ?? 1) }
    return {
      ...fault(503, 'temporarily_unavailable', detail),
      headers: later,
    }
  }
  return code === 'internal_error'
    ? fault(500, 'server_error', `It was logged as request ${requestId}.`)
    : fault(400, 'invalid_request', 'The body is not a readable form.')
}

function fault(status: number, error: string, description: string): JsonAnswer {
  return { status, body: { error, error_description: description } }
}
