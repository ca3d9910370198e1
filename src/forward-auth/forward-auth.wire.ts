import { readIpRanges } from '@doorward/sdk/kernel'
import { type Static, type TSchema, Type } from 'typebox'
import { no, type Result, yes } from '../base/result.ts'
import { faultsInFile } from '../http/validate-file.ts'
import { firstFault } from '../http/validation.ts'
import { strictObject } from '../http/wire.ts'
import { Identifier, ScopeName } from '../scopes/scope.wire.ts'
import { covers, type ForwardAuthRules, parsePattern, type Rule } from './forward-auth-rules.ts'
import { PROXIES, type ProxyKind } from './original-request.ts'

const MAX_HOST = 253
const MAX_PATH = 1_000

const RuleFile = strictObject({
  host: Type.Optional(Type.String({ maxLength: MAX_HOST })),
  methods: Type.Optional(
    Type.Array(Type.String({ pattern: '^[A-Z][A-Z-]{0,19}$' }), { minItems: 1, maxItems: 20 }),
  ),
  path: Type.String({ maxLength: MAX_PATH }),
  scopes: Type.Optional(Type.Array(ScopeName, { maxItems: 50, uniqueItems: true })),
  open: Type.Optional(Type.Literal(true)),
  resource: Type.Optional(Identifier),
})

const MAX_RULES = 1_000

/** The file that `DOORWARD_FORWARD_AUTH` names. */
const ForwardAuthFile = strictObject({
  $schema: Type.Optional(Type.String()),
  proxy: Type.String(),
  proxies: Type.Optional(Type.Array(Type.String(), { maxItems: 100 })),
  environment: Type.String(),
  resource: Type.Optional(Identifier),
  rules: Type.Array(RuleFile, { minItems: 1, maxItems: MAX_RULES }),
})

/** Maximum number of faults in one report. */
const MAX_FAULTS = 10

/** The parts of a file that are well formed, each by itself; null for others, of which the schema reports the fault. */
function wellFormedParts(content: unknown) {
  const whole = typeof content === 'object' && content !== null ? content : {}
  const part = <Schema extends TSchema>(name: string, schema: Schema): Static<Schema> | null => {
    const value: unknown = Reflect.get(whole, name)
    return value !== undefined && faultsInFile(schema, value).length === 0 ? (value as Static<Schema>) : null
  }
  const { proxy, proxies, environment, resource } = ForwardAuthFile.properties
  const rules: unknown = Reflect.get(whole, 'rules')
  return {
    proxy: part('proxy', proxy),
    proxies: part('proxies', proxies) ?? [],
    environment: part('environment', environment),
    resource: part('resource', resource) ?? null,
    rules: Array.isArray(rules) ? (rules.slice(0, MAX_RULES) as unknown[]) : [],
  }
}

/** Reads a rules file, or returns its faults, each with its JSON pointer: of its form and its meaning together. */
export function readForwardAuth(
  content: unknown,
  environments: readonly string[],
): Result<ForwardAuthRules, readonly string[]> {
  const faults = [...faultsInFile(ForwardAuthFile, content)]
  const { proxy, environment, resource, ...file } = wellFormedParts(content)
  const check = (fine: boolean, fault: string) => fine || faults.push(fault)

  check(proxy === null || isProxy(proxy), `/proxy must be one of ${PROXIES.join(', ')}`)
  check(
    environment === null || environments.includes(environment),
    `/environment must be one of ${environments.join(', ')}`,
  )
  const proxies = readIpRanges(file.proxies)
  if ('fault' in proxies) faults.push(`/proxies ${proxies.fault}`)
  const faultOf = firstFault(RuleFile)
  const rules = file.rules.map((rule, at) => {
    checkPlace(rule, `/rules/${at}`, check)
    return faultOf(rule) === null
      ? toRule(rule as Static<typeof RuleFile>, `/rules/${at}`, resource, check)
      : null
  })
  for (const [at, rule] of rules.entries()) {
    if (rule === null) continue
    const first = rules.slice(0, at).findIndex((earlier) => earlier !== null && covers(earlier, rule))
    check(first === -1, `/rules/${at} is never reached: /rules/${first} stands before it and takes all of it`)
  }

  const isComplete = proxy !== null && isProxy(proxy) && environment !== null && !('fault' in proxies)
  if (faults.length > 0 || !isComplete) return no(faults.slice(0, MAX_FAULTS))
  return yes({
    proxy,
    environment,
    rules: rules.filter((rule) => rule !== null),
    proxies: proxies.entries.length === 0 ? null : proxies,
  })
}

function isProxy(text: string): text is ProxyKind {
  return (PROXIES as readonly string[]).includes(text)
}

type Check = (fine: boolean, fault: string) => void

/** Checks the host and the path of a rule, also of one whose other parts are misshapen. */
function checkPlace(rule: unknown, where: string, check: Check): void {
  const { host, path } = Object(rule) as { host?: unknown; path?: unknown }
  if (typeof path === 'string')
    check(
      path.length > MAX_PATH || parsePattern(path) !== null,
      `${where}/path must be like /orders, /orders/* (and all below) or /orders/*/items (any one segment), unescaped`,
    )
  if (typeof host === 'string')
    check(
      host.length > MAX_HOST || /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$|^\[[0-9a-f:.]+\]$/.test(host),
      `${where}/host must be lower-case, without a port`,
    )
}

function toRule(
  { host, methods, path, scopes, open, resource: ownResource }: Static<typeof RuleFile>,
  where: string,
  resource: string | null,
  check: Check,
): Rule {
  const pattern = parsePattern(path)
  check(
    (scopes === undefined) !== (open === undefined),
    `${where} must have either scopes (all are needed; [] for any live credential) or "open": true (no credential)`,
  )
  check(open === undefined || ownResource === undefined, `${where} is open, so it has no resource`)
  return {
    host: host ?? null,
    methods: methods === undefined ? null : new Set(methods),
    pattern: pattern ?? { segments: [path], folded: [path], isOpen: false },
    scopes: scopes ?? null,
    resource: ownResource ?? resource,
  }
}
