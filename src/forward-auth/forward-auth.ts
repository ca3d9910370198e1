import type { IncomingMessage } from 'node:http'
import {
  type Answer,
  answerTo,
  answerUnavailable,
  clientIp,
  type Exposure,
  fromNodeRequest,
  type IpRanges,
  normalizeIp,
  type Principal,
  problemAnswer,
  readCredential,
  SourceUnavailableError,
  type Verdict,
  type Verifier,
} from '@doorward/sdk/kernel'
import type { KnownAdminKeys } from '../admin-keys/known-admin-keys.ts'
import type { Clock } from '../base/clock.ts'
import type { KnownCatalogue } from '../verification/known-catalogue.ts'
import { type ForwardAuthRules, ruleFor } from './forward-auth-rules.ts'
import { originalRequest } from './original-request.ts'

/** Header in which a proxy presents an admin key with the permission `verify`: `Authorization` is the client's. */
export const PROXY_KEY_HEADER = 'doorward-verify-key'

/** Response to a proxy. */
export interface ForwardAnswer {
  readonly status: number
  /** Name, value, name, value … */
  readonly headers: readonly string[]
  readonly body: string
}

export interface ForwardAuth {
  readonly rules: ForwardAuthRules
  /** True for a trusted proxy, by its address or a cached admin key; false may be a cache miss. */
  trusts(request: IncomingMessage): boolean
  /** Judges the original request. Call it for trusted proxies only. Never rejects for a refusal. */
  answer(request: IncomingMessage): ForwardAnswer | Promise<ForwardAnswer>
}

export interface ForwardAuthParts {
  readonly rules: ForwardAuthRules
  readonly verifier: Verifier
  readonly catalogue: Pick<KnownCatalogue, 'defaultIdentifier'>
  readonly adminKeys: KnownAdminKeys
  readonly trustedProxies: IpRanges | null
  readonly clock: Clock
  readonly onExposed: (exposure: Exposure) => void
}

export function openForwardAuth(parts: ForwardAuthParts): ForwardAuth {
  const { rules, verifier, catalogue, adminKeys, trustedProxies, clock, onExposed } = parts
  const { proxy, proxies, environment } = rules
  const needsHost = rules.rules.some((rule) => rule.host !== null)
  const no = (answer: Answer) => (proxy === 'nginx' ? forNginx(answer) : toForwardAnswer(answer))
  const [unclear, ambiguous, noRule] = [no(UNCLEAR), no(AMBIGUOUS), no(NO_RULE)]

  const unavailable = (error: unknown): ForwardAnswer => {
    if (error instanceof SourceUnavailableError) return no(answerUnavailable(error.retryAfterSeconds))
    throw error
  }

  return {
    rules,

    trusts: (request) => {
      if (proxies?.includes(normalizeIp(request.socket.remoteAddress)) === true) return true
      const text = request.headers[PROXY_KEY_HEADER]
      const key = typeof text === 'string' ? adminKeys.live(text) : undefined
      if (key?.permissions.includes('verify') !== true) return false
      adminKeys.uses.noteFrom(key, 'verify', {
        ip: normalizeIp(request.socket.remoteAddress),
        userAgent: request.headers['user-agent'] ?? null,
      })
      return true
    },

    answer: (request) => {
      const original = originalRequest(proxy, request)
      if (original === null || (needsHost && original.host === null) || isForged(request)) return unclear
      const incoming = fromNodeRequest(request, original.uri)
      const ip = addressOf(incoming.forwardedFor, trustedProxies)
      const presented = readCredential(incoming)
      if (!presented.ok) for (const hash of presented.exposedHashes) onExposed({ hash, at: clock.now(), ip })

      const rule = ruleFor(rules.rules, original)
      if (rule === null) return noRule
      if (rule === 'ambiguous') return ambiguous
      if (rule.scopes === null) return OPEN
      if (!presented.ok) return no(answerTo(presented.fault, { environment, presented: null }))

      const { text } = presented
      const settle = (verdict: Verdict): ForwardAnswer =>
        verdict.valid
          ? yes(identityOf(verdict.principal))
          : no(answerTo(verdict.refusal, { environment, presented: text, limits: verdict.limits }))
      const { scopes } = rule
      const judge = (resource: string) =>
        verifier.verify(
          text,
          { scopes, environment, resource, clientIp: ip },
          { userAgent: incoming.userAgent },
        )
      const resource = rule.resource ?? catalogue.defaultIdentifier()
      const verdict = typeof resource === 'string' ? judge(resource) : resource.then(judge)
      return verdict instanceof Promise ? verdict.then(settle).catch(unavailable) : settle(verdict)
    },
  }
}

/**
 * The client's address from the trusted proxy chain: the right end of `X-Forwarded-For`, which the proxy writes; further
 * left only past trusted hops. Null where it is absent or unreadable: the proxy's own address is not a client's.
 */
function addressOf(forwardedFor: string | null, trusted: IpRanges | null): string | null {
  if (forwardedFor === null) return null
  const comma = forwardedFor.lastIndexOf(',')
  const earlier = comma === -1 ? null : forwardedFor.slice(0, comma)
  return clientIp(forwardedFor.slice(comma + 1).trim(), earlier, trusted)
}

/** Header spoofing: CGI and its heirs read `_` as `-`, so `Doorward_Owner_Id` would pass as the proxy's header. */
function isForged({ headers }: IncomingMessage): boolean {
  for (const name in headers) if (name.startsWith('doorward') && name.includes('_')) return true
  return false
}

/**
 * Identity headers; each is in every acceptance, because some proxies overwrite only headers that are present: a forged
 * one would reach the upstream. `-` means "none", since some proxies drop an empty value; it is not a valid owner id.
 */
function identityOf(principal: Principal): readonly string[] {
  return identity(
    principal.kind,
    principal.keyId ?? '-',
    principal.clientId ?? '-',
    principal.userId ?? '-',
    principal.credentialId,
    principal.ownerId,
    [...principal.scopes].join(' ') || '-',
    principal.environment,
  )
}

function identity(
  kind: string,
  key: string,
  client: string,
  user: string,
  credential: string,
  owner: string,
  scopes: string,
  env: string,
) {
  return [
    'Doorward-Kind',
    kind,
    'Doorward-Key-Id',
    key,
    'Doorward-Client-Id',
    client,
    'Doorward-User-Id',
    user,
    'Doorward-Credential-Id',
    credential,
    'Doorward-Owner-Id',
    owner,
    'Doorward-Scopes',
    scopes,
    'Doorward-Environment',
    env,
    'cache-control',
    'no-store',
  ]
}

/** Envoy accepts a request on 200 only. */
function yes(headers: readonly string[]): ForwardAnswer {
  return { status: 200, headers, body: '' }
}

const OPEN = yes(identity('none', '-', '-', '-', '-', '-', '-', '-'))

function toForwardAnswer({ status, headers, body }: Answer): ForwardAnswer {
  return { status, headers: Object.entries(headers).flat(), body: JSON.stringify(body) }
}

/**
 * nginx (`auth_request`) knows two refusals, 401 and 403, turns all others into a 500, and drops the body. So a client's
 * fault becomes one of the two, and headers hold the whole response, which nginx can be configured to restore. The
 * challenge of a 401 it passes on by itself.
 */
function forNginx(answer: Answer): ForwardAnswer {
  const { status, headers, body } = toForwardAnswer(answer)
  const known = 'www-authenticate' in answer.headers && status !== 403 ? 401 : 403
  const whole = ['Doorward-Status', String(status), 'Doorward-Problem', inAscii(body)]
  return { status: status < 500 ? known : status, headers: [...headers, ...whole], body }
}

function inAscii(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

const UNCLEAR = problemAnswer(
  400,
  'request_unclear',
  'The request is not clear',
  'The proxy does not tell one method, host and path, or the client forges headers of the proxy.',
)
const AMBIGUOUS = problemAnswer(
  400,
  'path_ambiguous',
  'The path can be read in more than one way',
  'Send it without empty segments, dots, escaped slashes and `;`, and as the API spells it.',
)
const NO_RULE = problemAnswer(
  403,
  'no_rule',
  'The route is not open',
  'No rule opens this method and path, whatever the credential.',
)
