import { randomUUID } from 'node:crypto'
import type { Agent } from 'node:http'
import { parseCredential } from '../credential/credential.ts'
import { Secret } from '../credential/secret.ts'
import type { QuotaAnswer, QuotaSpend } from '../verdict/limits.ts'
import { quotaAnswerFromWire } from '../verdict/limits.wire.ts'
import { recordFromWire } from '../verdict/record.wire.ts'
import { type AppliedReport, AppliedReports, appliedReportToWire } from './applied-reports.ts'
import { followOverHttp } from './http-feed.ts'
import { keepingAgent, type PostAnswer, post } from './http-post.ts'
import { BatchRefusedError, type CredentialSource, SourceUnavailableError } from './source.ts'
import { usageBatchToWire } from './usage.wire.ts'
import type { UsageBatch } from './usage-batch.ts'
import { verifierNameOf } from './verifier-name.ts'
import { warnSparingly } from './warn.ts'

export interface HttpSourceOptions {
  /** The URL of Doorward, `https://doorward.example.com`. */
  readonly url?: string | undefined
  /**
   * An admin key with the permission `verify`, and preferably no other. A function is called each time, so that the key can
   * be rotated while the process runs. Where it throws or returns no admin key, the last one is used and `onError` called.
   */
  readonly adminKey?: string | (() => string) | undefined
  /** Timeout of one request with its answer, in ms. Default 2000. */
  readonly timeoutMs?: number | undefined
  /**
   * The agent for all connections: for a proxy, your own certificate authority or a client certificate, such as
   * `new https.Agent({ keepAlive: true, ca })`. Default: one that keeps connections open, as Node's own does.
   */
  readonly agent?: Agent | undefined
  /** Replaces `agent` for lookups, counts and quotas. The feed cannot use it: combine it with `feed: false`. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /**
   * Follows the server's changes, over a connection that stays open. Default true. Without it, a revocation takes effect
   * when a record is too old, and each credential is looked up again every few seconds.
   */
  readonly feed?: boolean | undefined
  /**
   * The name of this process in Doorward's list of verifiers, 1 to 80 characters. Default: the host's name. The list shows
   * which verifiers have applied a revocation; without the feed, a process is not on it.
   */
  readonly verifierName?: string | undefined
  /** Called with the reason why the feed is unavailable. Default: a process warning, each at most once a minute. */
  readonly onError?: ((error: unknown) => void) | undefined
  /** Milliseconds on a monotonic clock. Default `performance.now`. */
  readonly steady?: (() => number) | undefined
}

/** The server knows the id of a spend for two minutes: one that is sent again later would be spent twice. */
const MAX_SPEND_MS = 10_000

/** A source that also takes counts and spends quotas, and notifies of changes unless `feed` is false. */
export type HttpSource = CredentialSource & Required<Pick<CredentialSource, 'sendUsage' | 'spendQuotas'>>

/**
 * Creates a source that asks a Doorward server. Only hashes of credentials are sent.
 *
 * @throws TypeError where the URL or the admin key is invalid
 */
export function httpSource(options: HttpSourceOptions): HttpSource {
  const { timeoutMs = 2_000, fetch, feed = true, steady = () => performance.now() } = options
  const { onError = warnSparingly(Date.now) } = options
  const base = baseOf(options.url)
  const adminKey = presentedBy(options.adminKey, onError)
  const name = verifierNameOf(options.verifierName)

  const agent = options.agent ?? keepingAgent(base)
  const send = fetch === undefined ? post : posterOf(fetch)

  /** Returns any answer. A redirect is an error: it could send the admin key to another server. */
  const answerTo = async (path: string, body: unknown, withinMs = timeoutMs): Promise<PostAnswer> => {
    try {
      return await send({
        url: base + path,
        headers: { authorization: `Bearer ${adminKey.reveal()}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
        agent,
        signal: AbortSignal.timeout(withinMs),
      })
    } catch (cause) {
      throw new SourceUnavailableError(`Doorward at ${base} does not answer`, { cause })
    }
  }

  /** Returns the body of a 2xx answer. */
  const ask = async (
    path: string,
    body: unknown,
    { refusedBy = unavailableBy, withinMs = timeoutMs } = {},
  ): Promise<string> => {
    const { status, text } = await answerTo(path, body, withinMs)
    if (status >= 200 && status < 300) return text
    throw refusedBy(base, status)
  }

  const report = async (applied: AppliedReport): Promise<number> => {
    const answer = JSON.parse(await ask('/v1/verifier-reports', appliedReportToWire(applied)))
    return Number((answer as { report_every_ms?: unknown }).report_every_ms)
  }

  return {
    lookup: async (hashes) => {
      const text = await ask('/v1/lookups', { hashes })
      return understood(base, () => readAnswers(hashes, JSON.parse(text)))
    },
    ...(feed
      ? {
          follow: (listener) => {
            const reports = new AppliedReports({
              name,
              boundMs: listener.boundMs ?? null,
              send: report,
              steady,
            })
            const { agent } = options
            return followOverHttp(listener, { base, adminKey, onError, steady, agent, reports })
          },
        }
      : {}),
    sendUsage: async (batch) => {
      const refused = refusedOf(
        batch,
        await ask('/v1/usage-batches', usageBatchToWire(batch), { refusedBy: batchRefusedBy }),
      )
      if (refused !== null)
        throw new BatchRefusedError(`Doorward at ${base} refuses ${refused.why}`, {
          refusedCalls: refused.calls,
        })
    },
    spendQuotas: async (spends) => {
      const toWire = ({ credentialId, cost, givesBack }: QuotaSpend) => ({
        credential_id: credentialId,
        cost,
        ...(givesBack === true ? { gives_back: true } : {}),
      })
      const body = { id: randomUUID(), spends: spends.map(toWire) }
      const text = await ask('/v1/quota-spends', body, {
        withinMs: Math.min(timeoutMs, MAX_SPEND_MS),
      })
      return understood(base, () => readSpends(spends.length, JSON.parse(text)))
    },
    whyUndeclared: async ({ hash, scopes, environment, resource }) => {
      const asked = { scopes, environment, ...(resource === null ? {} : { resource }) }
      const body = { credential_sha256: hash, ...asked, dry_run: true }
      const { status, text } = await answerTo('/v1/verify', body)
      if (status >= 500) throw unavailableBy(base, status)
      return status === 400 ? understood(base, () => undeclaredIn(JSON.parse(text))) : null
    },
  }
}

/** Reads the detail of a problem about what is not declared; null for another one. */
function undeclaredIn({ code, detail }: { code?: unknown; detail?: unknown }): string | null {
  const isUndeclared = code === 'unknown_scope' || code === 'unknown_api' || code === 'unknown_environment'
  return isUndeclared ? String(detail) : null
}

/** Reads which part of a batch the server did not take; null for none. An older server returns no body. */
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

/** Posts by `fetch`, without a retry: it does not show which connection was used. */
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
    throw new SourceUnavailableError(`Doorward at ${base} returns an answer that cannot be read`, { cause })
  }
}

function readSpends(asked: number, { data }: { data: unknown[] }): (QuotaAnswer | Error)[] {
  if (data.length !== asked) throw new TypeError('the number of answers is wrong')
  return data.map((answer) =>
    answer === null ? new Error('Doorward knows no such credential') : quotaAnswerFromWire(answer),
  )
}

function readAnswers(hashes: readonly string[], { data }: { data: { hash: string; record: unknown }[] }) {
  if (data.length !== hashes.length) throw new TypeError('the number of answers is wrong')
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
 * A fault of the batch itself is permanent. A fault of the key or the URL (401, 403, 404) concerns every batch and can be
 * corrected; 408, 429 and 5xx are temporary.
 */
function batchRefusedBy(base: string, status: number): Error {
  return status < 400 || status >= 500 || [401, 403, 404, 408, 429].includes(status)
    ? unavailableBy(base, status)
    : new BatchRefusedError(`Doorward at ${base} refuses a batch of usage (${status})`)
}

function unavailableBy(base: string, status: number): Error {
  return new SourceUnavailableError(
    status === 401 || status === 403
      ? `Doorward at ${base} refuses the SDK's admin key (${status}). Use an active admin key with the permission \`verify\`.`
      : `Doorward at ${base} answers ${status}`,
  )
}

function baseOf(text: string | undefined): string {
  if (text === undefined || text === '') throw new TypeError('url is missing: give the URL of Doorward')
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw new TypeError(
      'url must be an http or https URL without a user name and password, such as http://127.0.0.1:4000',
    )
  if (url.protocol === 'http:' && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname))
    process.emitWarning(
      `${url.origin} is plain http: the admin key can be read by anyone on the network path`,
      'DoorwardWarning',
    )
  return url.origin + url.pathname.replace(/\/+$/, '')
}

/** Returns the admin key to present, read again each time where a function gives it. */
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
        : 'adminKey is malformed: remove the blank or newline around it',
    )
  if (kind !== 'admin_key')
    throw new TypeError(
      `adminKey must be an admin key (\`ak_…\`); this is marked as ${kind.replace('_', ' ')}`,
    )
  return new Secret(text)
}
