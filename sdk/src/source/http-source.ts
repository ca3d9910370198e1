import type { Agent } from 'node:http'
import { parseCredential } from '../credential/credential.ts'
import { Secret } from '../credential/secret.ts'
import type { QuotaAnswer, QuotaSpend } from '../verdict/limits.ts'
import { quotaAnswerFromWire } from '../verdict/limits.wire.ts'
import { recordFromWire } from '../verdict/record.wire.ts'
import { followOverHttp } from './http-feed.ts'
import { keepingAgent, post } from './http-post.ts'
import { BatchRefusedError, type CredentialSource, SourceUnavailableError } from './source.ts'
import { usageBatchToWire } from './usage.wire.ts'
import type { UsageBatch } from './usage-batch.ts'
import { warnSparingly } from './warn.ts'

export interface HttpSourceOptions {
  /** Where Doorward is, `https://doorward.example.com`. */
  readonly url?: string | undefined
  /**
   * An admin key with the permission `verify`, and best no other. A function is asked each time, so that the key can be
   * rotated while the process runs; where it throws or gives no admin key, the last one is used, and `onError` hears it.
   */
  readonly adminKey?: string | (() => string) | undefined
  /** Milliseconds for one question, its answer included. Default 2000. */
  readonly timeoutMs?: number | undefined
  /**
   * Carries all connections: for a proxy, a certificate authority or a client certificate of your own, such as
   * `new https.Agent({ keepAlive: true, ca })`. Default: one that keeps connections open, as Node does by itself.
   */
  readonly agent?: Agent | undefined
  /** Instead of `agent` for lookups, counts and quotas. The feed has no use for it: combine it with `feed: false`. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /**
   * Whether to follow the server's changes, over a connection that stays open. Default true; without it a revocation is
   * seen when an answer is too old, and each credential is looked up again every few seconds.
   */
  readonly feed?: boolean | undefined
  /** Hears why the feed is not there. Default: a process warning, the same one once a minute at most. */
  readonly onError?: ((error: unknown) => void) | undefined
  /** Milliseconds on a clock that only goes forward. Default `performance.now`. */
  readonly steady?: (() => number) | undefined
}

/** A source that also takes what was counted, and tells of changes unless it was told not to. */
export type HttpSource = CredentialSource & Required<Pick<CredentialSource, 'sendUsage' | 'spendQuotas'>>

/**
 * Asks a Doorward server. Only hashes go over the wire, never a credential of a caller.
 *
 * @throws TypeError where the URL or the admin key cannot be right
 */
export function httpSource(options: HttpSourceOptions): HttpSource {
  const { timeoutMs = 2_000, fetch, feed = true, steady } = options
  const { onError = warnSparingly(Date.now) } = options
  const base = baseOf(options.url)
  const adminKey = presentedBy(options.adminKey, onError)

  const agent = options.agent ?? keepingAgent(base)
  const send = fetch === undefined ? post : posterOf(fetch)

  /** The text of the answer, where it is a yes. A redirect is none: it could lead the admin key astray. */
  const ask = async (
    path: string,
    body: unknown,
    { refusedBy = unavailableBy, isRepeatable = true } = {},
  ): Promise<string> => {
    try {
      const { status, text } = await send({
        url: base + path,
        headers: { authorization: `Bearer ${adminKey.reveal()}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
        agent,
        signal: AbortSignal.timeout(timeoutMs),
        isRepeatable,
      })
      if (status >= 200 && status < 300) return text
      throw refusedBy(base, status)
    } catch (cause) {
      if (cause instanceof SourceUnavailableError || cause instanceof BatchRefusedError) throw cause
      throw new SourceUnavailableError(`Doorward at ${base} does not answer`, { cause })
    }
  }

  return {
    lookup: async (hashes) => {
      const text = await ask('/v1/lookups', { hashes })
      return understood(base, () => readAnswers(hashes, JSON.parse(text)))
    },
    ...(feed
      ? {
          follow: (listener) =>
            followOverHttp(listener, { base, adminKey, onError, steady, agent: options.agent }),
        }
      : {}),
    sendUsage: async (batch) => {
      const refused = refusedOf(
        batch,
        await ask('/v1/usage-batches', usageBatchToWire(batch), { refusedBy: batchRefusedBy }),
      )
      if (refused !== null)
        throw new BatchRefusedError(`Doorward at ${base} does not take ${refused.why}`, {
          refusedCalls: refused.calls,
        })
    },
    spendQuotas: async (spends) => {
      const toWire = ({ credentialId, cost, givesBack }: QuotaSpend) => ({
        credential_id: credentialId,
        cost,
        ...(givesBack === true ? { gives_back: true } : {}),
      })
      const body = { spends: spends.map(toWire) }
      // What was spent by a question whose answer was lost would be spent twice.
      const text = await ask('/v1/quota-spends', body, { isRepeatable: false })
      return understood(base, () => readSpends(spends.length, JSON.parse(text)))
    },
  }
}

/** What the server did not take of a batch while it took the rest; null for nothing. An older one says nothing at all. */
function refusedOf(batch: UsageBatch, answer: string): { why: string; calls: number } | null {
  if (answer === '') return null
  const { not_taken: notTaken } = JSON.parse(answer) as { not_taken?: { at: string; message: string }[] }
  const [first] = notTaken ?? []
  if (notTaken === undefined || first === undefined) return null
  const calls = notTaken.map(({ at }) => {
    const [, list, place] = /^\/(items|exposed)\/(\d+)/.exec(at) ?? []
    return list === 'items' ? (batch.items[Number(place)]?.calls ?? 0) : 1
  })
  const why = `${notTaken.length} of a batch of usage, the first because ${first.at} ${first.message}`
  return { why, calls: calls.reduce((sum, each) => sum + each, 0) }
}

/** The same by `fetch`, which keeps its connections to itself: it asks once. */
function posterOf(fetch: typeof globalThis.fetch): typeof post {
  return async ({ url, headers, body, signal }) => {
    const response = await fetch(url, { method: 'POST', headers, body, redirect: 'error', signal })
    return { status: response.status, text: await response.text() }
  }
}

function understood<Answer>(base: string, read: () => Answer): Answer {
  try {
    return read()
  } catch (cause) {
    throw new SourceUnavailableError(`Doorward at ${base} gives an answer that is not understood`, { cause })
  }
}

function readSpends(asked: number, { data }: { data: unknown[] }): (QuotaAnswer | Error)[] {
  if (data.length !== asked) throw new TypeError('not as many answers as questions')
  return data.map((answer) =>
    answer === null ? new Error('Doorward knows no such credential') : quotaAnswerFromWire(answer),
  )
}

function readAnswers(hashes: readonly string[], { data }: { data: { hash: string; record: unknown }[] }) {
  if (data.length !== hashes.length) throw new TypeError('not as many answers as questions')
  return data.map(({ hash, record }, at) => {
    if (hash !== hashes[at]) throw new TypeError('the answers are not in the order of the questions')
    try {
      return record === null ? null : recordFromWire(record)
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    }
  })
}

/**
 * What is wrong with the batch itself stays wrong. What is wrong with the key or the address (401, 403, 404) is wrong
 * for each batch alike, and may be put right; so may what passes by itself (408, 429, 5xx).
 */
function batchRefusedBy(base: string, status: number): Error {
  return status < 400 || status >= 500 || [401, 403, 404, 408, 429].includes(status)
    ? unavailableBy(base, status)
    : new BatchRefusedError(`Doorward at ${base} refuses a batch of usage (${status})`)
}

function unavailableBy(base: string, status: number): Error {
  return new SourceUnavailableError(
    status === 401 || status === 403
      ? `Doorward at ${base} refuses the SDK's admin key (${status}): it must be live and have the permission \`verify\``
      : `Doorward at ${base} answers ${status}`,
  )
}

function baseOf(text: string | undefined): string {
  if (text === undefined || text === '') throw new TypeError('url is missing: say where Doorward is')
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw new TypeError(
      'url must be http or https, without a name and password, such as http://127.0.0.1:4000',
    )
  if (url.protocol === 'http:' && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname))
    process.emitWarning(
      `${url.origin} is plain http: the admin key can be read on the way`,
      'DoorwardWarning',
    )
  return url.origin + url.pathname.replace(/\/+$/, '')
}

/** What is presented each time. */
function presentedBy(
  given: HttpSourceOptions['adminKey'],
  onError: (error: unknown) => void,
): Pick<Secret, 'reveal'> {
  if (typeof given !== 'function') return adminKeyOf(given)
  let last = adminKeyOf(given())
  return {
    reveal: () => {
      try {
        const text = given()
        if (text !== last.reveal()) last = adminKeyOf(text)
      } catch (error) {
        onError(error)
      }
      return last.reveal()
    },
  }
}

function adminKeyOf(text: string | undefined): Secret {
  if (text === undefined || text === '')
    throw new TypeError('adminKey is missing: give an admin key (`ak_…`) with the permission `verify`')
  const kind = parseCredential(text)?.kind
  if (kind === undefined)
    throw new TypeError(
      text === text.trim()
        ? 'adminKey is malformed: a character is missing, added or changed'
        : 'adminKey is malformed: there is a blank or a newline around it',
    )
  if (kind !== 'admin_key')
    throw new TypeError(
      `adminKey must be an admin key (\`ak_…\`), and not one marked ${kind.replace('_', ' ')}`,
    )
  return new Secret(text)
}
