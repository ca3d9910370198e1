import { type Answer, answerTo, answerUnavailable } from './challenge.ts'
import { clientIp } from './client-ip.ts'
import { hashCredential } from './credential.ts'
import { httpSource } from './http-source.ts'
import { type IpRanges, parseIpRanges } from './ip-ranges.ts'
import type { Verdict } from './judge.ts'
import { type PresentedRequest, readCredential } from './presented.ts'
import type { Principal } from './record.ts'
import type { PresentationFault, Refusal } from './refusal.ts'
import { type CredentialSource, SourceUnavailableError } from './source.ts'
import { type Flushing, flushEvery, UsageCounter } from './usage.ts'
import { createVerifier } from './verifier.ts'

export interface DoorOptions<Scope extends string = string> {
  /** Where Doorward is. */
  readonly url: string
  /** An admin key with the permission `verify`, and best no other. */
  readonly adminKey: string | undefined
  /** The environment that this API serves, such as `live`; credentials of any other are refused. */
  readonly environment: string
  /** The scopes of this API: with them, a guard for any other is a compile-time error. */
  readonly scopes?: readonly Scope[]
  /** Addresses and CIDR blocks of your proxies, whose `X-Forwarded-For` is believed. Default: none. */
  readonly trustedProxies?: readonly string[]
  /** Named in challenges (RFC 6750 §3). */
  readonly realm?: string
  /** Hears each refusal with its reason, for your log; strangers hear less. Throwing here changes nothing. */
  readonly onRefusal?: (refusal: Refusal | PresentationFault, where: { readonly path: string }) => void
  /** Hears why verification is not possible. Default: a process warning, once a minute at most. */
  readonly onError?: (error: unknown) => void
  /** How old a cached verdict may get, in ms. Default and maximum 5000. */
  readonly maxStalenessMs?: number
  /** Asked instead of the server at `url`, which then is not used. */
  readonly source?: CredentialSource
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

/** What an adapter knows of a request. */
export interface Incoming extends PresentedRequest {
  /** The other end of the connection. */
  readonly peerIp: string | null
  readonly forwardedFor: string | null
  readonly userAgent: string | null
}

export type Admission = { readonly principal: Principal } | { readonly answer: Answer }

export interface Door {
  /** Lets a request in, or says how to answer it. At once where nothing must be looked up. Never throws. */
  admit(request: Incoming, scopes: readonly string[]): Admission | Promise<Admission>
  /** Delivers what was counted. Call it when the server stops. */
  close(): Promise<void>
}

/** The guard behind every adapter: read the credential, verify it, answer. */
export function openDoor(options: DoorOptions): Door {
  const { environment, realm, now = Date.now } = options
  const trusted = trustedOf(options.trustedProxies)
  const tell = warnSparingly(options.onError, now)
  const usage = new UsageCounter()
  const { source, flushing } = connect(options, usage, tell)
  const verifier = createVerifier({ source, usage, now, maxStalenessMs: options.maxStalenessMs })

  const refuse = (
    no: Refusal | PresentationFault,
    request: Incoming,
    presented: string | null,
  ): Admission => {
    try {
      options.onRefusal?.(no, { path: request.url.split('?', 1)[0] ?? '' })
    } catch (error) {
      tell(error)
    }
    return { answer: answerTo(no, { realm, environment, presented }) }
  }

  const admit: Door['admit'] = (request, scopes) => {
    const presented = readCredential(request)
    const ip = clientIp(request.peerIp, request.forwardedFor, trusted)
    if (!presented.ok) {
      const { exposed, fault } = presented
      if (exposed !== null) usage.noteExposure({ hash: hashCredential(exposed), at: new Date(now()), ip })
      return refuse(fault, request, null)
    }
    const settle = (verdict: Verdict): Admission =>
      verdict.valid ? { principal: verdict.principal } : refuse(verdict.refusal, request, presented.text)
    const unavailable = (error: unknown): Admission => {
      tell(error)
      return {
        answer: answerUnavailable(error instanceof SourceUnavailableError ? error.retryAfterSeconds : 1),
      }
    }
    const verdict = verifier.verify(
      presented.text,
      { scopes, environment, clientIp: ip },
      { userAgent: request.userAgent },
    )
    return verdict instanceof Promise ? verdict.then(settle).catch(unavailable) : settle(verdict)
  }
  return { admit, close: async () => flushing?.close() }
}

function connect(options: DoorOptions, counter: UsageCounter, onError: (error: unknown) => void) {
  if (options.source !== undefined) return { source: options.source, flushing: null }
  const source = httpSource({ url: options.url, adminKey: options.adminKey })
  const flushing: Flushing = flushEvery({ counter, send: source.sendUsage, onError })
  return { source, flushing }
}

function trustedOf(entries: readonly string[] | undefined): IpRanges | null {
  if (entries === undefined || entries.length === 0) return null
  const ranges = parseIpRanges(entries)
  if ('notARange' in ranges)
    throw new TypeError(`trustedProxies: ${ranges.notARange} is no address or CIDR block`)
  return ranges
}

const QUIET_MS = 60_000

function warnSparingly(onError: DoorOptions['onError'], now: () => number): (error: unknown) => void {
  if (onError !== undefined) return onError
  let lastWarning = Number.NEGATIVE_INFINITY
  return (error) => {
    if (now() - lastWarning < QUIET_MS) return
    lastWarning = now()
    process.emitWarning(error instanceof Error ? error.message : String(error), 'DoorwardWarning')
  }
}
