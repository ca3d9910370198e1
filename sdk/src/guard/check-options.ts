import { isEnvironmentName } from '../credential/credential-format.ts'
import { isVerifierName } from '../source/verifier-name.ts'
import { parseScope } from '../verdict/scope.ts'
import { isQuotable } from './challenge.ts'
import { didYouMean } from './did-you-mean.ts'
import type { GuardOptions } from './guard-options.ts'

/** Says what is wrong with the value of an option, as the rest of a sentence; null where it is valid. */
type Check = (value: unknown) => string | null

/** The compiler ensures that each option has a check. */
const CHECKS: Readonly<Record<keyof GuardOptions, Check>> = {
  url: isA('string', 'the URL of Doorward, such as https://doorward.example.com'),
  adminKey: (value) =>
    typeof value === 'string' || typeof value === 'function'
      ? null
      : 'must be an admin key, ak_…, or a function that gives one',
  environment: (value) =>
    typeof value === 'string' && isEnvironmentName(value) ? null : 'must be a name such as live or test',
  resource: (value) =>
    typeof value === 'string' && isResource(value)
      ? null
      : 'must be an absolute http(s) URL without a fragment',
  issuer: isA('string', 'a URL'),
  scopes: (value) =>
    isListOf(value, (each) => parseScope(each) !== null)
      ? null
      : "must be a list of scopes, such as ['orders:read']",
  trustedProxies: (value) =>
    isListOf(value, () => true)
      ? null
      : "must be a list of addresses and CIDR blocks, such as ['10.0.0.0/8']: only the proxies in it are believed",
  realm: (value) =>
    typeof value === 'string' && isQuotable(value)
      ? null
      : 'must be printable ASCII without " and \\ (RFC 6750 §3)',
  expiryHeaderSeconds: (value) =>
    typeof value === 'number' && value >= 0 ? null : 'must be a number of seconds, 0 for no header',
  onRefusal: isA('function', 'a function'),
  onError: isA('function', 'a function'),
  maxStalenessMs: isA('number', 'a number of milliseconds'),
  staleIfUnreachableMs: isA('number', 'a number of milliseconds'),
  maxEntries: isA('number', 'a number'),
  maxBytes: isA('number', 'a number of bytes'),
  feed: isA('boolean', 'true or false'),
  verifierName: (value) =>
    typeof value === 'string' && isVerifierName(value)
      ? null
      : 'must be 1 to 80 characters, none of them a control character',
  limiter: has('take', 'a rate limiter, such as one of @doorward/sdk/rate-limiter-flexible'),
  agent: has('addRequest', 'an http.Agent or https.Agent of Node'),
  source: has('lookup', 'a source of records'),
  now: isA('function', 'a function'),
}

/**
 * @param more names of an adapter's own options, all of them functions
 * @throws TypeError where an option is invalid or unknown: when the program starts, not at the first request
 */
export function checkOptions(options: GuardOptions, more: readonly string[] = []): void {
  if (typeof options !== 'object' || options === null)
    throw new TypeError('options are missing: give at least url, adminKey and environment')
  const checks = new Map<string, Check>([
    ...Object.entries(CHECKS),
    ...more.map((name) => [name, isA('function', 'a function')] as const),
  ])
  for (const [name, value] of Object.entries(options)) {
    const check = checks.get(name)
    if (check === undefined) throw new TypeError(`unknown option ${name}${didYouMean(name, checks.keys())}`)
    const fault = value === undefined ? null : check(value)
    if (fault !== null) throw new TypeError(`${name} ${fault}; it is ${shown(value)}`)
  }
  if (options.environment === undefined)
    throw new TypeError('environment is missing: give a name such as live or test')
}

function isA(type: 'string' | 'number' | 'boolean' | 'function', what: string): Check {
  return (value) => (typeof value === type && !Number.isNaN(value) ? null : `must be ${what}`)
}

function has(method: string, what: string): Check {
  return (value) =>
    typeof value === 'object' && value !== null && typeof Reflect.get(value, method) === 'function'
      ? null
      : `must be ${what}`
}

function isListOf(value: unknown, isOne: (each: string) => boolean): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string' && isOne(each))
}

function isResource(resource: string): boolean {
  const url = URL.parse(resource)
  return url !== null && /^https?:$/.test(url.protocol) && !resource.includes('#') && isQuotable(resource)
}

/** Never in full: it may be a secret in the wrong option. */
function shown(value: unknown): string {
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  if (typeof value === 'bigint') return `${value}n`
  try {
    return (JSON.stringify(value) ?? String(value)).slice(0, 60)
  } catch {
    return `an ${typeof value}`
  }
}
