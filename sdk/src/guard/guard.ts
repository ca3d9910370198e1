import { withoutSecretShapes } from '../credential/credentials-in-text.ts'
import { httpSource } from '../source/http-source.ts'
import { SourceUnavailableError } from '../source/source.ts'
import { UsageCounter } from '../source/usage.ts'
import { warnSparingly } from '../source/warn.ts'
import type { Verdict } from '../verdict/judge.ts'
import type { LimitState } from '../verdict/limits.ts'
import { rateLimitFields } from '../verdict/rate-limit-fields.ts'
import type { Principal } from '../verdict/record.ts'
import type { PresentationFault, Refusal } from '../verdict/refusal.ts'
import { noteCountedApart } from '../verifier/counted-apart.ts'
import { flushEvery } from '../verifier/flush.ts'
import { createVerifier, type VerifierHealth } from '../verifier/verifier.ts'
import { answerTo, answerUnavailable } from './challenge.ts'
import { checkOptions } from './check-options.ts'
import { clientIp } from './client-ip.ts'
import { DEFAULT_EXPIRY_HEADER_SECONDS, expiryHeader } from './expiry-header.ts'
import { checkRequirements, type GuardOptions, type Requirement, trustedProxiesOf } from './guard-options.ts'
import { type PresentedRequest, readCredential } from './presented.ts'
import type { Answer } from './problem.ts'
import { metadataUrlOf, resourceMetadata, type ServedMetadata } from './resource-metadata.ts'
import { undeclaredReporter } from './undeclared.ts'

/** A request, as an adapter reads it. */
export interface Incoming extends PresentedRequest {
  readonly method: string
  /** The other end of the connection; null where it is not known. */
  readonly peerIp: string | null
  /** `X-Forwarded-For`, repeated ones joined by commas; null only where there is none, and no `Forwarded` either. */
  readonly forwardedFor: string | null
  readonly userAgent: string | null
}

/** The principal of an admitted request, with headers about its limits and its end if any; or the answer to a refused one. */
export type Admission =
  | { readonly principal: Principal; readonly headers: Readonly<Record<string, string>> | null }
  | { readonly answer: Answer }

export interface Guard {
  /**
   * Makes the function that admits requests whose credential has all of these scopes, or says how to answer them. Without
   * scopes, any active credential is admitted. It answers at once where no lookup is needed, never throws and never
   * rejects.
   *
   * `carrier` is an object that all guards of one request share. By it they know that they judge one call, which is
   * counted once and takes the largest of their costs once.
   *
   * @throws TypeError for an invalid or undeclared scope, and for an invalid cost
   */
  admitting(
    wanted: readonly Requirement[],
  ): (request: Incoming, carrier?: object) => Admission | Promise<Admission>
  /**
   * Returns the metadata of this API (RFC 9728), for a route of yours:
   * `app.get(metadata.path, () => metadata.document)`. Its MIME type is `application/json`.
   *
   * @throws TypeError without the option `resource`
   */
  resourceMetadata(): ServedMetadata
  /** Returns the state of verification in this process, for your metrics. */
  health(): GuardHealth
  /** Delivers the last counts and stops following changes. Call it when the server stops. */
  close(): Promise<void>
}

export interface GuardHealth extends VerifierHealth {
  /** Verifications since the start that were not counted: too many at once, or the server did not take them. */
  readonly usageDropped: number
}

/** The state of a request that one guard or more have admitted. */
interface Passed {
  readonly text: string
  readonly ip: string | null
  readonly userAgent: string | null
  readonly scopes: readonly string[]
  /** Units taken of the limits. */
  readonly cost: number
  readonly giveBack: () => void
  /** The first guard's, which may set the headers last. */
  readonly admission: { readonly principal: Principal; headers: Readonly<Record<string, string>> | null }
}

/** Holds what a guard let in, under the guard's own symbol; a promise while the credential is looked up. */
interface Carrier {
  [noted: symbol]: Passed | Promise<Admission> | undefined
}

/**
 * Creates the guard behind every adapter: read the credential, verify it, answer.
 *
 * @param adapterOptions names of the adapter's own options
 * @throws TypeError where an option is invalid or unknown
 */
export function createGuard(options: GuardOptions, adapterOptions: readonly string[] = []): Guard {
  checkOptions(options, adapterOptions)
  const {
    environment,
    realm,
    resource = null,
    now = Date.now,
    maxStalenessMs,
    staleIfUnreachableMs,
    maxEntries,
    maxBytes,
    expiryHeaderSeconds = DEFAULT_EXPIRY_HEADER_SECONDS,
  } = options
  const metadataUrl = resource === null ? undefined : metadataUrlOf(resource)
  const trusted = trustedProxiesOf(options)
  const warn = warnSparingly(now)
  const report = orWarn(options.onError ?? warn, warn)
  const onRefusal = options.onRefusal && orWarn(options.onRefusal, report)
  const source = options.source ?? httpSource({ ...options, onError: report, steady: options.now })
  const usage = new UsageCounter()
  const send = source.sendUsage?.bind(source)
  const flushing = send && flushEvery({ counter: usage, send, onError: report, now })
  const verifier = createVerifier({
    source,
    usage: send && usage,
    now: options.now,
    onStale: report,
    limiter: options.limiter,
    maxStalenessMs,
    staleIfUnreachableMs,
    maxEntries,
    maxBytes,
  })

  const countsApart = options.source === undefined && options.limiter === undefined
  const noteRefused = undeclaredReporter(source, { environment, resource }, report)

  const noLongerCounts = countsApart ? noteCountedApart(options, warn) : nothing

  const refuse = (
    no: Refusal | PresentationFault,
    request: Incoming,
    presented: string | null,
    limits?: readonly LimitState[],
  ): Admission => {
    if (presented !== null) noteRefused(no, presented)
    onRefusal?.(no, { method: request.method, path: withoutSecretShapes(pathOf(request.url)) })
    return { answer: answerTo(no, { realm, environment, presented, limits, resourceMetadata: metadataUrl }) }
  }

  const unavailable = (error: unknown): Admission => {
    report(error)
    return {
      answer: answerUnavailable(error instanceof SourceUnavailableError ? error.retryAfterSeconds : 1),
    }
  }

  const headersOf = (verdict: Verdict & { valid: true }): Readonly<Record<string, string>> | null => {
    const expiry = expiryHeader(verdict, expiryHeaderSeconds, now)
    const limits = verdict.limits ? rateLimitFields(verdict.limits) : null
    return expiry === null ? limits : { ...limits, ...expiry }
  }

  const noted = Symbol('doorward')

  const admit = (
    request: Incoming,
    scopes: readonly string[],
    cost: number,
    carrier: Carrier,
  ): Admission | Promise<Admission> => {
    const before = carrier[noted]
    if (before instanceof Promise) return before.then(() => admit(request, scopes, cost, carrier))
    if (before !== undefined) return admitAgain(request, scopes, cost, carrier, before)
    const presented = readCredential(request)
    const ip = clientIp(request.peerIp, request.forwardedFor, trusted)
    if (!presented.ok) {
      for (const hash of presented.exposedHashes) usage.noteExposure({ hash, at: new Date(now()), ip })
      return refuse(presented.fault, request, null)
    }
    const { text } = presented
    const { userAgent } = request
    const settle = (verdict: Verdict): Admission => {
      if (!verdict.valid) {
        carrier[noted] = undefined
        return refuse(verdict.refusal, request, text, verdict.limits)
      }
      const { principal, giveBack = nothing } = verdict
      const admission = { principal, headers: headersOf(verdict) }
      carrier[noted] = { text, ip, userAgent, scopes, cost, giveBack, admission }
      return admission
    }
    const fail = (error: unknown): Admission => {
      carrier[noted] = undefined
      return unavailable(error)
    }
    const verdict = verifier.verify(
      text,
      { scopes, environment, resource, clientIp: ip },
      { userAgent, cost },
    )
    if (!(verdict instanceof Promise)) return settle(verdict)
    const later = verdict.then(settle).catch(fail)
    carrier[noted] = later
    return later
  }

  /** Judges a request that an earlier guard admitted: by the scopes of both, and for the difference in cost. */
  const admitAgain = (
    request: Incoming,
    wanted: readonly string[],
    cost: number,
    carrier: Carrier,
    passed: Passed,
  ): Admission | Promise<Admission> => {
    const { text, ip, userAgent, admission } = passed
    const scopes = together(passed.scopes, wanted)
    const more = Math.max(0, cost - passed.cost)
    const undo = (): void => {
      carrier[noted] = undefined
      admission.headers = null
      passed.giveBack()
    }
    const settle = (verdict: Verdict): Admission => {
      if (!verdict.valid) {
        undo()
        return refuse(verdict.refusal, request, text, verdict.limits)
      }
      const { principal, limits, giveBack: giveMoreBack = nothing } = verdict
      const giveBack = () => {
        passed.giveBack()
        giveMoreBack()
      }
      if (limits) admission.headers = headersOf(verdict)
      carrier[noted] = { ...passed, scopes, cost: passed.cost + more, giveBack }
      return { principal, headers: limits ? admission.headers : null }
    }
    const fail = (error: unknown): Admission => {
      undo()
      return unavailable(error)
    }
    const ask = { scopes, environment, resource, clientIp: ip }
    const verdict = verifier.verify(text, ask, { userAgent, cost: more, acceptedFor: passed.scopes })
    if (!(verdict instanceof Promise)) return settle(verdict)
    const later = verdict.then(settle).catch(fail)
    carrier[noted] = later
    return later
  }

  return {
    admitting: (wanted) => {
      const { scopes, cost } = checkRequirements(wanted, options.scopes)
      return (request, carrier = {}) =>
        admit(request, scopes, cost, (Object.isExtensible(carrier) ? carrier : {}) as Carrier)
    },
    resourceMetadata: () => resourceMetadata(options),
    health: () => ({ ...verifier.health(), usageDropped: usage.dropped }),
    close: async () => {
      noLongerCounts()
      await Promise.all([verifier.close(), flushing?.close()])
    },
  }
}

function nothing(): void {}

/** Unites the scopes of two guards of one request. Returns the later's array where it includes the earlier's. */
function together(earlier: readonly string[], later: readonly string[]): readonly string[] {
  const missing = earlier.filter((scope) => !later.includes(scope))
  return missing.length === 0 ? later : [...missing, ...later]
}

/** Reads `/orders` from `http://host/orders?x=1` and from `/orders?x=1`. */
function pathOf(url: string): string {
  return url.replace(/^[a-z]+:\/\/[^/?#]*/i, '').split(/[?#]/, 1)[0] || '/'
}

/**
 * Isolates a listener of the API's owner: an error that it throws is reported and goes no further. An async function is
 * assignable to one that returns `void`, and an unhandled rejection would end the process.
 */
function orWarn<Args extends unknown[]>(
  listener: (...args: Args) => unknown,
  report: (error: unknown) => void,
): (...args: Args) => void {
  return (...args) => {
    try {
      const later = listener(...args)
      if (later instanceof Promise) later.catch(report)
    } catch (error) {
      report(error)
    }
  }
}
