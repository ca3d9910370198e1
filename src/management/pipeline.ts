import {
  clientIp,
  type Exposure,
  fromNodeRequest,
  type IpRanges,
  readCredential,
  withoutCredentials,
} from '@doorward/sdk/kernel'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Static, TSchema } from 'typebox'
import { canonicalJson } from '../audit/audit-event.ts'
import type { RefusedAttempts } from '../audit/refused-attempts.ts'
import type { Clock } from '../base/clock.ts'
import { no, type Result, yes } from '../base/result.ts'
import type { Semaphore } from '../base/semaphore.ts'
import type { Db, Tx } from '../db/schema.ts'
import { type Problem, problem, statusOf } from '../http/problem.ts'
import { sendProblem } from '../http/send-problem.ts'
import {
  type Arrival,
  authenticateAdmin,
  authenticateAgain,
  type FindAdminKey,
  findInDatabase,
  permit,
} from './authenticate-admin.ts'
import type { Caller } from './caller.ts'
import { changeOnce } from './change-once.ts'
import { findAnswer, type NamedRequest } from './idempotency.ts'
import type { KnownAdminKeys } from './known-admin-keys.ts'
import { type Operation, schemaOf } from './operation.ts'

/** What every management operation passes through: the parts that it is made of. */
export interface Pipeline {
  readonly db: Db
  readonly clock: Clock
  /** For what only verifies: changes are seen within milliseconds, and within five seconds whatever breaks. */
  readonly knownAdminKeys: KnownAdminKeys
  readonly trustedProxies: IpRanges | null
  readonly refusedAttempts: RefusedAttempts
  /** Hears of credentials that stood in a URL. */
  readonly onExposed: (exposure: Exposure) => void
  /** Called once a change is committed, and awaited: who is answered "revoked" must not be let in here afterwards. */
  readonly onChanged: () => Promise<void>
  /** For lists and reports: they leave connections to what is short. */
  readonly readSlots: Semaphore
}

/** An operation's call once its caller is authenticated and permitted. `db` is the transaction where the operation changes something. */
export interface Call<Params extends TSchema, Query extends TSchema, Body extends TSchema, Store = Db> {
  readonly db: Store
  readonly caller: Caller
  readonly params: Static<Params>
  readonly query: Static<Query>
  readonly body: Static<Body>
  readonly headers: Readonly<Record<string, unknown>>
}

type Handle<Params extends TSchema, Query extends TSchema, Body extends TSchema, Store> = (
  call: Call<Params, Query, Body, Store>,
) => Promise<Result<unknown, Problem>>

/** Passes on what an operation gives, or throws where its schema cannot write that down: before anything is committed. */
type CheckAnswer = (done: Result<unknown, Problem>) => Result<unknown, Problem>

/** An operation that changes nothing, or does its own writing. */
export function reads<Params extends TSchema, Query extends TSchema, Body extends TSchema>(
  app: FastifyInstance,
  pipeline: Pipeline,
  operation: Operation<Params, Query, Body>,
  handle: Handle<Params, Query, Body, Db>,
): void {
  open(app, pipeline, operation, async (call) => {
    const who = await callerAfterBody(pipeline, operation, call.caller)
    if (!who.ok) return who
    const read = () => handle({ ...call, caller: who.value, db: pipeline.db })
    return await (mayTakeLong(operation) ? pipeline.readSlots.run(read) : read())
  })
}

/** What verification asks is short, and its stream of changes is no question to the database. */
function mayTakeLong({
  method,
  permission,
}: Pick<Operation<TSchema, TSchema, TSchema>, 'method' | 'permission'>) {
  return method === 'GET' && permission !== 'verify'
}

/** An operation that changes something: one transaction, in which the change and its audit events stand or fall. */
export function changes<Params extends TSchema, Query extends TSchema, Body extends TSchema>(
  app: FastifyInstance,
  pipeline: Pipeline,
  operation: Operation<Params, Query, Body>,
  handle: Handle<Params, Query, Body, Tx>,
): void {
  open(app, pipeline, operation, async (call, request, checkAnswer) => {
    const named = nameOf(operation, request)
    if (!named.ok) return named
    return await changeOnce(pipeline, call.caller, operation.permission, named.value, async (db, caller) =>
      checkAnswer(await handle({ ...call, caller, db })),
    )
  })
}

/**
 * The same for an operation with work that takes long and needs no database: it is done before the transaction, which
 * holds locks and a connection. A request that is repeated is answered without it.
 *
 * @param prepare its "no" is the operation's
 */
export function changesPrepared<
  Params extends TSchema,
  Query extends TSchema,
  Body extends TSchema,
  Prepared,
>(
  app: FastifyInstance,
  pipeline: Pipeline,
  operation: Operation<Params, Query, Body>,
  prepare: (call: Omit<Call<Params, Query, Body>, 'db'>) => Promise<Result<Prepared, Problem>>,
  handle: (call: Call<Params, Query, Body, Tx>, prepared: Prepared) => Promise<Result<unknown, Problem>>,
): void {
  open(app, pipeline, operation, async (call, request, checkAnswer) => {
    const named = nameOf(operation, request)
    if (!named.ok) return named
    const who = await callerAfterBody(pipeline, operation, call.caller)
    if (!who.ok) return who
    const before = named.value === null ? yes(null) : await findAnswer(pipeline.db, who.value, named.value)
    if (!before.ok) return before
    if (before.value !== null) {
      await pipeline.onChanged()
      return yes(JSON.parse(before.value))
    }
    const prepared = await prepare({ ...call, caller: who.value })
    if (!prepared.ok) return prepared
    return await changeOnce(pipeline, who.value, operation.permission, named.value, async (db, caller) =>
      checkAnswer(await handle({ ...call, caller, db }, prepared.value)),
    )
  })
}

/** The request's `Idempotency-Key`, with what it stands for; null where it has none, or the operation takes none. */
function nameOf(
  operation: Pick<Operation<TSchema, TSchema, TSchema>, 'idempotent'>,
  request: FastifyRequest,
): Result<NamedRequest | null, Problem> {
  const key = operation.idempotent === true ? request.headers['idempotency-key'] : undefined
  if (typeof key !== 'string') return yes(null)
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    return no(problem('invalid_request', 'An Idempotency-Key is 1 to 255 printable characters.'))
  return yes({ key, content: `${request.method} ${request.url}\n${canonicalJson(request.body)}` })
}

type Asked = Pick<Operation<TSchema, TSchema, TSchema>, 'method' | 'permission'>

function finderFor(pipeline: Pipeline, { permission }: Asked): FindAdminKey {
  return permission === 'verify' ? (text) => pipeline.knownAdminKeys.find(text) : findInDatabase(pipeline.db)
}

/** The caller at the moment when the request's body is there, which may be long after its headers were. */
async function callerAfterBody(
  pipeline: Pipeline,
  operation: Asked,
  caller: Caller,
): Promise<Result<Caller, Problem>> {
  if (operation.method === 'GET') return yes(caller)
  return await authenticateAgain(
    finderFor(pipeline, operation),
    caller,
    operation.permission,
    pipeline.clock.now(),
  )
}

/**
 * Registers an operation's route. Its caller is authenticated before the body is read: a stranger learns nothing from a
 * body that is wrong. Every "no" that is about the caller is written into the audit log.
 */
function open<Params extends TSchema, Query extends TSchema, Body extends TSchema>(
  app: FastifyInstance,
  pipeline: Pipeline,
  operation: Operation<Params, Query, Body>,
  handle: (
    call: Omit<Call<Params, Query, Body>, 'db'>,
    request: FastifyRequest,
    checkAnswer: CheckAnswer,
  ) => Promise<Result<unknown, Problem>>,
): void {
  const callers = new WeakMap<FastifyRequest, Caller>()
  const find = finderFor(pipeline, operation)

  app.route({
    method: operation.method,
    url: operation.url,
    schema: schemaOf(operation),
    // Without these a GET would answer to HEAD too: another operation than the document has, and one that reads for
    // nothing, or for ever where the answer is a stream.
    exposeHeadRoute: false,
    ...(operation.bodyLimit === undefined ? {} : { bodyLimit: operation.bodyLimit }),

    onRequest: async (request, reply) => {
      const incoming = fromNodeRequest(request.raw, request.url)
      const ip = clientIp(incoming.peerIp, incoming.forwardedFor, pipeline.trustedProxies)
      const arrival: Arrival = { now: pipeline.clock.now(), ip, requestId: request.id }
      const presented = readCredential(incoming)
      if (!presented.ok)
        for (const hash of presented.exposedHashes) pipeline.onExposed({ hash, at: arrival.now, ip })
      const who = await authenticateAdmin(find, presented, arrival)
      const refused = who.ok ? permit(who.value, operation.permission) : who.no
      if (refused !== null) {
        await audit(pipeline, who.ok ? who.value : arrival, request, refused)
        return sendProblem(reply, refused)
      }
      if (who.ok) callers.set(request, who.value)
    },

    // Where nothing is required, no body is as good as an empty object.
    preValidation: async (request) => {
      if (operation.method !== 'GET') request.body ??= {}
      hideCredentials(request.body)
    },

    handler: async (request, reply) => {
      const caller = callers.get(request)
      if (caller === undefined) throw new Error('an operation was reached past the pipeline')
      const call = {
        caller,
        params: request.params as Static<Params>,
        query: request.query as Static<Query>,
        body: request.body as Static<Body>,
        headers: request.headers,
      }
      const result = await handle(call, request, (done) => {
        if (done.ok && operation.status !== 204)
          reply.serializeInput(done.value as Record<string, unknown>, String(operation.status))
        return done
      })
      reply.header('cache-control', 'no-store')
      if (result.ok) {
        if (operation.mediaType !== undefined)
          reply.type(operation.mediaType).header('x-accel-buffering', 'no')
        return reply.code(operation.status).send(result.value)
      }
      await audit(pipeline, caller, request, result.no)
      return sendProblem(reply, result.no)
    },
  })
}

/** Members in which people write something for people. */
const FOR_PEOPLE = ['name', 'reason', 'description', 'display_name'] as const

/** A credential that was pasted among words is not stored: a dump of the database must not hold any. */
function hideCredentials(body: unknown): void {
  if (typeof body !== 'object' || body === null) return
  const members = body as Record<string, unknown>
  for (const name of FOR_PEOPLE) {
    const text = members[name]
    if (typeof text === 'string') members[name] = withoutCredentials(text)
  }
}

/** Refusals about who asks, or about an id that is out of reach, are attempts; what is merely wrong is not. */
async function audit(
  pipeline: Pipeline,
  who: Arrival | Caller,
  request: FastifyRequest,
  refused: Problem,
): Promise<void> {
  if (![401, 403, 404].includes(statusOf(refused)) && refused.code !== 'credential_in_url') return
  const caller = 'actor' in who ? who : null
  const id = (request.params as { id?: unknown } | null)?.id
  await pipeline.refusedAttempts.record(caller ?? { ...who, actor: { kind: 'anonymous', id: null } }, {
    code: refused.code,
    method: request.method,
    route: request.routeOptions.url ?? '',
    targetId: typeof id === 'string' && /^[a-z]+_[A-Za-z0-9]{1,30}$/.test(id) ? id : null,
    ownerId: caller === null || caller.reach === 'every_owner' ? null : caller.reach.ownerId,
  })
}
