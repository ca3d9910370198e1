import type { Secret } from '@doorward/sdk/kernel'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Static, TSchema } from 'typebox'
import type { RefusedAttempts } from '../audit/refused-attempts.ts'
import { no, type Result, yes } from '../base/result.ts'
import type { Db, Tx } from '../db/schema.ts'
import { type Problem, statusOf } from '../http/problem.ts'
import { sendProblem } from '../http/send-problem.ts'
import { type AuthenticationParts, arrivalOf, authenticateRequest } from './authenticate-request.ts'
import { type Arrival, type Authenticated, authenticateAgain, type View } from './authenticator.ts'
import { type Caller, ownerOf } from './caller.ts'
import type { ChangeLimit } from './change-limit.ts'
import { changeOnce } from './change-once.ts'
import { tagAfter, tagBefore, whyChangedMeanwhile } from './entity-tag.ts'
import { hideCredentials } from './hide-credentials.ts'
import { findAnswer } from './idempotency.ts'
import { withoutMetadata } from './metadata.ts'
import { type Needs, type Operation, schemaOf } from './operation.ts'
import { type ChangeRequest, readChange } from './read-change.ts'
import { readInTurn, type Slots } from './slots.ts'
import { whyNotPermitted } from './why-not-permitted.ts'

/** The parts of the pipeline that every management operation passes through. */
export interface Pipeline extends AuthenticationParts, Slots {
  readonly db: Db
  readonly refusedAttempts: RefusedAttempts
  /** Called and awaited once a change is committed: a client that read "revoked" must not be accepted here afterwards. */
  readonly onChanged: () => Promise<void>
  readonly changeLimit: ChangeLimit
}

/** An operation's call once its caller is authenticated and permitted. `db` is the transaction where the operation changes something. */
export interface Call<Params extends TSchema, Query extends TSchema, Body extends TSchema, Store = Db> {
  readonly db: Store
  readonly caller: Caller
  /** The secret that was presented, for operations that act on the credential itself. */
  readonly presented: Secret
  readonly params: Static<Params>
  readonly query: Static<Query>
  readonly body: Static<Body>
  readonly headers: Readonly<Record<string, unknown>>
  /** Authenticates the caller again, for an answer that is given over a long time. */
  readonly again: () => Promise<Result<Caller, Problem>>
}

type Handle<Params extends TSchema, Query extends TSchema, Body extends TSchema, Store> = (
  call: Call<Params, Query, Body, Store>,
) => Promise<Result<unknown, Problem>>

/** An answer in the making. */
interface Answering {
  /** Throws where the operation's schema cannot serialize the answer: before anything is committed. */
  readonly check: (answer: unknown) => void
  /** Sent with a success. */
  entityTag: string | null
}

/** Registers an operation that changes nothing, or has its own transactions. */
export function reads<Params extends TSchema, Query extends TSchema, Body extends TSchema>(
  app: FastifyInstance,
  pipeline: Pipeline,
  operation: Operation<Params, Query, Body>,
  handle: Handle<Params, Query, Body, Db>,
): void {
  open(app, pipeline, operation, async (call, who, _, answering) => {
    const caller = await callerAfterBody(pipeline, operation, who)
    if (!caller.ok) return caller
    const read = async () => {
      if (operation.hasEntityTag === true) answering.entityTag = await tagBefore(pipeline.db)
      return await handle({ ...call, caller: caller.value, db: pipeline.db })
    }
    return await (mayTakeLong(operation) ? readInTurn(pipeline, caller.value, read) : read())
  })
}

/** Verification's reads are short, and its stream of changes does not query the database. */
function mayTakeLong({ permission }: Needs) {
  return permission !== 'verify'
}

/** Registers an operation that changes something: the change and its audit events are in one transaction. */
export function changes<Params extends TSchema, Query extends TSchema, Body extends TSchema>(
  app: FastifyInstance,
  pipeline: Pipeline,
  operation: Operation<Params, Query, Body>,
  handle: Handle<Params, Query, Body, Tx>,
): void {
  open(app, pipeline, operation, async (call, who, request, answering) => {
    const asked = readChange(pipeline.changeLimit, operation, who.caller, request)
    if (!asked.ok) return asked
    return await changeOnce(pipeline, who, asked.value, async (db, caller) =>
      conclude({ ...call, caller, db }, operation, asked.value, answering, (call) => handle(call)),
    )
  })
}

/**
 * Registers a change with slow work that needs no database, such as hashing a password. It is done before the
 * transaction, which holds locks and a connection. A repeated request is answered without it.
 *
 * @param prepare its problem is the operation's answer
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
  open(app, pipeline, operation, async (call, who, request, answering) => {
    const asked = readChange(pipeline.changeLimit, operation, who.caller, request)
    if (!asked.ok) return asked
    const { named } = asked.value
    const caller = await callerAfterBody(pipeline, operation, who)
    if (!caller.ok) return caller
    const again = { ...who, caller: caller.value }
    const before = named === null ? yes(null) : await findAnswer(pipeline.db, again, named)
    if (!before.ok) return before
    if (before.value !== null) {
      await pipeline.onChanged()
      return yes(JSON.parse(before.value))
    }
    const prepared = await prepare({ ...call, caller: caller.value })
    if (!prepared.ok) return prepared
    return await changeOnce(pipeline, again, asked.value, async (db, caller) =>
      conclude({ ...call, caller, db }, operation, asked.value, answering, (call) =>
        handle(call, prepared.value),
      ),
    )
  })
}

/** Makes a change in its transaction, judges `If-Match`, and checks that the answer can be given. */
async function conclude<C extends Call<TSchema, TSchema, TSchema, Tx>>(
  call: C,
  operation: Operation<TSchema, TSchema, TSchema>,
  { ifMatch }: ChangeRequest,
  answering: Answering,
  handle: (call: C) => Promise<Result<unknown, Problem>>,
): Promise<Result<unknown, Problem>> {
  const { db, caller, params } = call
  const before = operation.method === 'PATCH' ? await tagBefore(db) : null
  const done = await handle(call)
  if (!done.ok) return done
  const meanwhile =
    ifMatch === null ? null : await whyChangedMeanwhile(db, caller, operation, params, ifMatch)
  if (meanwhile !== null) return no(meanwhile)
  if (before !== null) answering.entityTag = await tagAfter(db, caller, before)
  answering.check(done.value)
  return done
}

type Asked = Needs & Pick<Operation<TSchema, TSchema, TSchema>, 'method'>

function viewFor({ db }: Pipeline, { permission }: Asked): View {
  return permission === 'verify' ? { of: 'cache' } : { of: 'database', db }
}

/** The caller once the request's body has arrived, which may be long after its headers. */
async function callerAfterBody(
  pipeline: Pipeline,
  operation: Asked,
  who: Authenticated,
): Promise<Result<Caller, Problem>> {
  if (operation.method === 'GET') return yes(who.caller)
  return await authenticateAgain(who, viewFor(pipeline, operation), operation, pipeline.clock.now())
}

/**
 * Registers an operation's route. Its caller is authenticated before the body is read: a stranger learns nothing from the
 * faults of a body. Every refusal because of the caller is recorded as a refused attempt.
 */
function open<Params extends TSchema, Query extends TSchema, Body extends TSchema>(
  app: FastifyInstance,
  pipeline: Pipeline,
  operation: Operation<Params, Query, Body>,
  handle: (
    call: Omit<Call<Params, Query, Body>, 'db'>,
    who: Authenticated,
    request: FastifyRequest,
    answering: Answering,
  ) => Promise<Result<unknown, Problem>>,
): void {
  const callers = new WeakMap<FastifyRequest, Authenticated>()
  const view = viewFor(pipeline, operation)
  const authenticators = pipeline.authenticators.filter(({ gives }) => gives.has(operation.permission))
  const schemes = authenticators.map(({ scheme }) => scheme)

  app.route({
    method: operation.method,
    url: operation.url,
    schema: schemaOf(operation, schemes),
    // A HEAD route would be an operation that the document does not have. It would read in vain, and for ever where the
    // answer is a stream.
    exposeHeadRoute: false,
    ...(operation.bodyLimit === undefined ? {} : { bodyLimit: operation.bodyLimit }),

    onRequest: async (request, reply) => {
      const arrival = arrivalOf(pipeline, request)
      const who = await authenticateRequest(pipeline, authenticators, view, request, arrival)
      const refused = who.ok ? whyNotPermitted(who.value.caller, operation) : who.no
      if (refused !== null) {
        await audit(pipeline, who.ok ? who.value.caller : arrival, request, refused)
        return sendProblem(reply, refused)
      }
      if (!who.ok) return
      callers.set(request, who.value)
      who.value.credential.noteUse?.(operation.permission, request.raw)
    },

    // Where no field is required, a missing body counts as an empty object.
    preValidation: async (request) => {
      if (operation.method !== 'GET') request.body ??= {}
      hideCredentials(request.body)
    },

    handler: async (request, reply) => {
      const who = callers.get(request)
      if (who === undefined) throw new Error('an operation was reached past the pipeline')
      const { caller, credential } = who
      const call = {
        caller,
        presented: credential.secret,
        params: request.params as Static<Params>,
        query: request.query as Static<Query>,
        body: request.body as Static<Body>,
        headers: request.headers,
        again: () => authenticateAgain(who, view, operation, pipeline.clock.now()),
      }
      const answering: Answering = {
        check: (answer) => {
          if (operation.status !== 204)
            reply.serializeInput(answer as Record<string, unknown>, String(operation.status))
        },
        entityTag: null,
      }
      const result = await handle(call, who, request, answering)
      reply.header('cache-control', 'no-store')
      if (result.ok) {
        if (answering.entityTag !== null) reply.header('etag', answering.entityTag)
        if (operation.mediaType !== undefined)
          reply.type(operation.mediaType).header('x-accel-buffering', 'no')
        return reply
          .code(operation.status)
          .send(isShown(caller, operation) ? result.value : withoutMetadata(result.value))
      }
      await audit(pipeline, caller, request, result.no)
      return sendProblem(reply, result.no)
    },
  })
}

/** True where the answer goes out as it is. */
function isShown({ seesMetadata }: Caller, { isWithoutMetadata }: Needs): boolean {
  return seesMetadata || isWithoutMetadata === true
}

/** Records refusals because of the caller, or of an id that is out of reach. A request that is merely invalid is not recorded. */
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
    ownerId: caller === null ? null : ownerOf(caller.reach),
  })
}
