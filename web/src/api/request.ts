import type { Static, TSchema } from 'typebox'
import { type Search, searchText } from '../paths.ts'
import { leaveFor, SERVER_BASE } from './base.ts'
import { noteTag, tagOf } from './entity-tags.ts'
import { secretIn } from './pasted-secret.ts'
import { ApiProblem } from './problem.ts'
import { isUnattended } from './request-activity.ts'
import { noteAnswered, submissionKey } from './submission-key.ts'

export type { Search }

interface Sending {
  readonly query?: Search
  readonly signal?: AbortSignal
  /** With an `Idempotency-Key`: sent again because its answer was lost, the request has one effect. */
  readonly once?: boolean
  /** The thing to change, as it was read when the person saw it: refused where somebody else has changed it since. */
  readonly since?: object
}

/** Reads. The type parameter is the operation's own schema: `get<typeof KeyWire>('/v1/keys/key_1')`. */
export async function get<Answer extends TSchema>(path: `/v1/${string}`, sending: Sending = {}) {
  return (await send('GET', path, undefined, sending)) as Static<Answer>
}

/** Changes. `send` comes with the schemas of answer and body, so that a misspelt field does not compile. */
export async function change<Answer extends TSchema, Body extends TSchema = TSchema>(
  method: 'POST' | 'PATCH' | 'PUT' | 'DELETE',
  path: `/v1/${string}`,
  body?: Static<Body>,
  sending: Sending = {},
) {
  return (await send(method, path, body, sending)) as Static<Answer>
}

async function send(method: string, path: string, body: unknown, sending: Sending): Promise<unknown> {
  const target = path + searchText(sending.query ?? {})
  // URLs are logged on their way. The server treats a secret in one as exposed.
  if (secretIn(target) !== null) throw new ApiProblem(0, { code: 'secret_in_url' })
  const headers = new Headers({ accept: 'application/json' })
  if (body !== undefined) headers.set('content-type', 'application/json')
  const text = body === undefined ? undefined : JSON.stringify(body)
  const submission = `${method} ${path} ${text}`
  if (sending.once) headers.set('idempotency-key', submissionKey(submission))
  const since = sending.since === undefined ? null : tagOf(sending.since)
  if (since !== null) headers.set('if-match', since)
  // Of a page that nobody uses: it must not keep the session alive.
  if (isUnattended()) headers.set('doorward-background', 'true')
  const answer = await fetch(SERVER_BASE + target, {
    method,
    headers,
    cache: 'no-store',
    ...(text === undefined ? {} : { body: text }),
    ...(sending.signal === undefined ? {} : { signal: sending.signal }),
  }).catch((error: unknown) => {
    if (sending.signal?.aborted) throw error
    throw new ApiProblem(0, { code: 'no_answer' })
  })
  if (answer.status === 204) return null
  const content: unknown = await answer.json().catch(() => null)
  if (answer.ok && content === null) throw new ApiProblem(0, { code: 'no_answer' })
  // After an error of the server it is not known what was done.
  if (answer.status < 500) noteAnswered(submission)
  if (answer.ok) {
    const tag = answer.headers.get('etag')
    if (tag !== null) for (const read of [content, sending.since]) noteTag(read, tag)
    return content
  }
  const problem = new ApiProblem(
    answer.status,
    (content ?? {}) as Record<string, unknown>,
    answer.headers.get('retry-after'),
  )
  // Without a session nothing of the dashboard is shown, and what was shown goes with the page.
  if (problem.status === 401) return await leaveFor('/staff/sign-in')
  // Where a second factor is demanded, a member without one can do nothing else.
  if (problem.code === 'second_factor_required') return await leaveFor('/staff/factors')
  throw problem
}
