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

/** In which a proxy shows an admin key with the permission `verify`: `Authorization` is the client's own. */
export const PROXY_KEY_HEADER = 'doorward-verify-key'

/** Answer to a proxy. */
export interface ForwardAnswer {
  readonly status: number
  /** Name, value, name, value … */
  readonly headers: readonly string[]
  readonly body: string
}

export interface ForwardAuth {
  readonly rules: ForwardAuthRules
  /** Whether whoever asks is a proxy whose word is taken, as far as is known without asking; false may change. */
  trusts(request: IncomingMessage): boolean
  /** May the request that the proxy asks about pass? To be asked about who is trusted only. Never rejects for a "no". */
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

    trusts: ({ socket, headers }) => {
      if (proxies?.includes(normalizeIp(socket.remoteAddress)) === true) return true
      const key = headers[PROXY_KEY_HEADER]
      return typeof key === 'string' && adminKeys.live(key)?.permissions.includes('verify') === true
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
 * The client's address as the proxy says, who writes it at the right end of `X-Forwarded-For`; further to the left only
 * as far as the hops are trusted. Null where the proxy says none, or what cannot be read: its own address is nobody's.
 */
function addressOf(forwardedFor: string | null, trusted: IpRanges | null): string | null {
  if (forwardedFor === null) return null
  const comma = forwardedFor.lastIndexOf(',')
  const earlier = comma === -1 ? null : forwardedFor.slice(0, comma)
  return clientIp(forwardedFor.slice(comma + 1).trim(), earlier, trusted)
}

/** To CGI and its heirs, which read `_` and `-` alike, `Doorward_Owner_Id` is the header that the proxy sets. */
function isForged({ headers }: IncomingMessage): boolean {
  for (const name in headers) if (name.startsWith('doorward') && name.includes('_')) return true
  return false
}

/**
 * All of them stand in every yes, because some proxies overwrite only what is there: what the client sent under the
 * same name would reach the upstream. `-` stands for "none", since some proxies drop what is empty; it is no owner's id.
 */
function identityOf(principal: Principal): readonly string[] {
  return identity(
    principal.kind,
    principal.keyId ?? '-',
    principal.clientId ?? '-',
    principal.userId ?? '-',
    principal.credentialId,
    principal.ownerId,
    scopeListOf(principal.scopes),
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

/** Keys with the same scopes mostly share one set of them. */
const scopeLists = new WeakMap<ReadonlySet<string>, string>()

function scopeListOf(scopes: ReadonlySet<string>): string {
  const known = scopeLists.get(scopes)
  if (known !== undefined) return known
  const list = [...scopes].sort().join(' ') || '-'
  scopeLists.set(scopes, list)
  return list
}

/** Envoy takes 200 for a yes, and no other status. */
function yes(headers: readonly string[]): ForwardAnswer {
  return { status: 200, headers, body: '' }
}

const OPEN = yes(identity('none', '-', '-', '-', '-', '-', '-', '-'))

function toForwardAnswer({ status, headers, body }: Answer): ForwardAnswer {
  return { status, headers: Object.entries(headers).flat(), body: JSON.stringify(body) }
}

/**
 * nginx knows two kinds of "no", 401 and 403, makes a 500 of all others, and drops the body. So what a client did wrong
 * becomes one of the two, and the whole answer is in headers, from which nginx can be told to make it again. Of a 401 it
 * passes the challenge on by itself.
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
