import { promises as dns } from 'node:dns'
import { isIP } from 'node:net'
import { settleWithin } from '../base/settle-within.ts'

export interface HostAddress {
  readonly address: string
  readonly family: 4 | 6
}

/** One question, asked twice; the next name server is asked after that. */
const QUERY = { timeout: 1_000, tries: 2, maxTimeout: 2_000 }
/** More than any host needs. Each of these is checked, and the others are never connected to. */
const MAX_ADDRESSES = 32

/**
 * The addresses of a host by DNS, both families, empty where there are none in time. Each call has a resolver of its own
 * in c-ares, which is cancelled when the time is over. `dns.lookup` is never used: it is `getaddrinfo` in the thread pool,
 * which cannot be cancelled and is shared with the database's connections, so that a stranger's name server that never
 * answers would hold up everybody. /etc/hosts and search domains are not read either: what they name is not public.
 *
 * @param servers of DNS, as `address:port`; undefined: the machine's
 */
export async function resolveHost(
  host: string,
  ms: number,
  servers?: readonly string[],
): Promise<readonly HostAddress[]> {
  const literal = isIP(host)
  if (literal === 4 || literal === 6) return [{ address: host, family: literal }]
  // RFC 6761 §6.3: these names are this machine, and are never asked of DNS.
  if (/^(?:.*\.)?localhost\.?$/i.test(host)) return [{ address: '127.0.0.1', family: 4 }]
  const resolver = new dns.Resolver(QUERY)
  if (servers !== undefined) resolver.setServers(servers)
  const found: HostAddress[] = []
  const ask = async (family: 4 | 6) => {
    const addresses = family === 4 ? await resolver.resolve4(host) : await resolver.resolve6(host)
    for (const address of addresses) found.push({ address, family })
  }
  // A family whose question is not answered is left out: only addresses that were looked at are ever connected to.
  await settleWithin<unknown>(ms, null, () => Promise.allSettled([ask(4), ask(6)]))
  resolver.cancel()
  return found.sort((a, b) => a.family - b.family).slice(0, MAX_ADDRESSES)
}
