import { parseIpRanges } from '@doorward/sdk/kernel'
import { type Static, Type } from 'typebox'
import { no, type Result, yes } from '../base/result.ts'
import { faultsInFile } from '../http/validate-file.ts'
import { strictObject } from '../http/wire.ts'
import { Identifier, ScopeName } from '../scopes/scope.wire.ts'
import { covers, type ForwardAuthRules, parsePattern, type Rule } from './forward-auth-rules.ts'
import { PROXIES, type ProxyKind } from './original-request.ts'

const RuleFile = strictObject({
  host: Type.Optional(Type.String({ maxLength: 253 })),
  methods: Type.Optional(
    Type.Array(Type.String({ pattern: '^[A-Z][A-Z-]{0,19}$' }), { minItems: 1, maxItems: 20 }),
  ),
  path: Type.String({ maxLength: 1000 }),
  scopes: Type.Optional(Type.Array(ScopeName, { maxItems: 50, uniqueItems: true })),
  open: Type.Optional(Type.Literal(true)),
  resource: Type.Optional(Identifier),
})

/** The file that `DOORWARD_FORWARD_AUTH` names. */
const ForwardAuthFile = strictObject({
  $schema: Type.Optional(Type.String()),
  proxy: Type.String(),
  proxies: Type.Optional(Type.Array(Type.String(), { maxItems: 100 })),
  environment: Type.String(),
  resource: Type.Optional(Identifier),
  rules: Type.Array(RuleFile, { minItems: 1, maxItems: 1000 }),
})

/** Maximum number of faults in one report. */
const MAX_FAULTS = 10

/** Reads a rules file, or returns its faults, each with its JSON pointer. */
export function readForwardAuth(
  content: unknown,
  environments: readonly string[],
): Result<ForwardAuthRules, readonly string[]> {
  const misshapen = faultsInFile(ForwardAuthFile, content)
  if (misshapen.length > 0) return no(misshapen)
  const file = content as Static<typeof ForwardAuthFile>
  const { proxy, environment, resource = null } = file
  const faults: string[] = []
  const check = (fine: boolean, fault: string) => fine || faults.push(fault)

  check(isProxy(proxy), `/proxy must be one of ${PROXIES.join(', ')}`)
  check(environments.includes(environment), `/environment must be one of ${environments.join(', ')}`)
  const proxies = parseIpRanges(file.proxies ?? [])
  if ('notARange' in proxies) faults.push(`/proxies holds ${proxies.notARange}, no address or CIDR block`)
  const rules = file.rules.map((rule, at) => toRule(rule, `/rules/${at}`, resource, check))
  for (const [at, rule] of rules.entries()) {
    const first = rules.slice(0, at).findIndex((earlier) => covers(earlier, rule))
    check(first === -1, `/rules/${at} is never reached: /rules/${first} stands before it and takes all of it`)
  }

  if (faults.length > 0 || !isProxy(proxy) || 'notARange' in proxies) return no(faults.slice(0, MAX_FAULTS))
  return yes({ proxy, environment, rules, proxies: proxies.entries.length === 0 ? null : proxies })
}

function isProxy(text: string): text is ProxyKind {
  return (PROXIES as readonly string[]).includes(text)
}

function toRule(
  { host, methods, path, scopes, open, resource: ownResource }: Static<typeof RuleFile>,
  where: string,
  resource: string | null,
  check: (fine: boolean, fault: string) => void,
): Rule {
  const pattern = parsePattern(path)
  check(
    pattern !== null,
    `${where}/path must be like /orders, /orders/* (and all below) or /orders/*/items (any one segment), unescaped`,
  )
  check(
    host === undefined || /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$|^\[[0-9a-f:.]+\]$/.test(host),
    `${where}/host must be lower-case, without a port`,
  )
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
