import type { TSchema } from 'typebox'
import { type ProblemCode, statusOf } from '../http/problem.ts'
import type { AnyPermission } from './permission.ts'

/** One operation of the management API: its path, its permission, its schemas and problems. */
export interface Operation<Params extends TSchema, Query extends TSchema, Body extends TSchema> {
  readonly id: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: `/v1/${string}`
  readonly permission: AnyPermission
  readonly tag: string
  readonly summary: string
  readonly params?: Params
  readonly query?: Query
  readonly body?: Body
  readonly status: 200 | 201 | 204
  readonly answer: TSchema
  /** Content type of the answer, where it is not JSON. */
  readonly mediaType?: string
  /** Its answer has no metadata, though it is a stream, which the pipeline cannot look into. */
  readonly isWithoutMetadata?: boolean
  /** Besides those that any operation can answer with. */
  readonly problems?: readonly ProblemCode[]
  /** In bytes, where the default of 256 KB is not enough. */
  readonly bodyLimit?: number
  /** Its queries honour the environments of the caller's reach. Callers that are bound to some are refused by all others. */
  readonly withinEnvironments?: boolean
  /** Needs a fresh proof of a person who is signed in: it ends or gives out much at once. */
  readonly isDangerous?: boolean
  /** Its answer has an `ETag`, for the `If-Match` of a PATCH. Answers of PATCH operations always have one. */
  readonly hasEntityTag?: boolean
  /** Accepts an `Idempotency-Key`, because a repeated request would create a second thing. */
  readonly idempotent?: boolean
}

/** Requirements of an operation on its caller. */
export type Needs = Pick<
  Operation<TSchema, TSchema, TSchema>,
  'permission' | 'withinEnvironments' | 'isDangerous' | 'mediaType' | 'isWithoutMetadata'
>

const ANY_OPERATION = [
  'invalid_request',
  'unknown_field',
  'no_credential',
  'invalid_token',
  'insufficient_permission',
  'environment_not_covered',
  'internal_error',
  'database_unavailable',
] as const satisfies readonly ProblemCode[]

/**
 * The schema by which Fastify validates and serializes, and which the OpenAPI document shows.
 *
 * @param schemes the security schemes, any one of which is enough
 */
export function schemaOf(
  operation: Operation<TSchema, TSchema, TSchema>,
  schemes: readonly string[],
): Record<string, unknown> {
  const {
    id,
    method,
    tag,
    summary,
    permission,
    params,
    query,
    body,
    status,
    answer,
    mediaType,
    problems = [],
    idempotent,
    isDangerous,
    hasEntityTag,
  } = operation
  const codes: ProblemCode[] = [
    ...ANY_OPERATION,
    ...problems,
    ...(idempotent === true ? IDEMPOTENT_PROBLEMS : []),
    ...(method === 'PATCH' ? ['changed_meanwhile' as const] : []),
    ...(isDangerous === true ? ['fresh_proof_required' as const] : []),
    ...(method === 'GET' || permission === 'verify' ? [] : ['too_many_requests' as const]),
  ]
  const statuses = Map.groupBy(new Set(codes), (code) => statusOf({ code, detail: '' }))
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: `Needs the permission \`${permission}\`.`,
    security: schemes.map((scheme) => ({ [scheme]: [] })),
    ...(params === undefined ? {} : { params }),
    ...(query === undefined ? {} : { querystring: query }),
    ...(body === undefined ? {} : { body }),
    ...(idempotent === true ? { headers: IDEMPOTENCY_HEADER } : {}),
    ...(method === 'PATCH' ? { headers: IF_MATCH_HEADER } : {}),
    response: {
      [status]:
        mediaType === undefined
          ? {
              ...answer,
              description: (answer as { description?: string }).description ?? summary,
              ...(method === 'PATCH' || hasEntityTag === true ? { headers: ETAG_HEADER } : {}),
            }
          : {
              description: (answer as { description?: string }).description,
              content: { [mediaType]: { schema: answer } },
            },
      ...Object.fromEntries([...statuses].map(([code, of]) => [code, refusedAs(of)])),
    },
  }
}

const IDEMPOTENT_PROBLEMS = [
  'replay_unavailable',
  'idempotency_key_reused',
] as const satisfies readonly ProblemCode[]

const IDEMPOTENCY_HEADER = {
  type: 'object',
  properties: {
    'idempotency-key': {
      type: 'string',
      maxLength: 255,
      description: 'The same request under the same key, within 24 hours, has one effect and one answer.',
    },
  },
}

const IF_MATCH_HEADER = {
  type: 'object',
  properties: {
    'if-match': {
      type: 'string',
      maxLength: 600,
      description:
        'The ETag of what you read. Where it was changed since, nothing is changed, and the answer is 412 `changed_meanwhile`.',
    },
  },
}

const ETAG_HEADER = {
  ETag: { type: 'string', description: 'For `If-Match` of a change of what this answer holds' },
}

function refusedAs(codes: readonly ProblemCode[]) {
  const schema = { $ref: 'Problem#' }
  return { description: codes.join(', '), content: { 'application/problem+json': { schema } } }
}
