import { promises as dns } from 'node:dns'
import { isIP } from 'node:net'
import { settleWithin } from '../base/settle-within.ts'

export interface HostAddress {
  readonly address: string
  readonly family: 4 | 6
}

/** c-ares: each name server has one second, and is tried twice. */
const QUERY = { timeout: 1_000, tries: 2, maxTimeout: 2_000 }
/** More than any host needs. Only these are checked and connected to. */
const MAX_ADDRESSES = 32

/**
 * Resolves a host by DNS, both families; empty where there are no addresses in time. Each call has its own c-ares
 * resolver, which is cancelled at the timeout. `dns.lookup` is not used: `getaddrinfo` runs in the thread pool, cannot be
 * cancelled, and is shared with the database's connections, so a stranger's silent name server would hold up all of them.
 * /etc/hosts and search domains are not read: names in them are not public.
 *
 * @param servers DNS servers, as `address:port`; undefined: the machine's
 */
export async function resolveHost(
  host: string,
  ms: number,
  servers?: readonly string[],
): Promise<readonly HostAddress[]> {
  const literal = isIP(host)
  if (literal === 4 || literal === 6) return [{ address: host, family: literal }]
  // RFC 6761 §6.3: localhost names are never sent to DNS.
  if (/^(?:.*\.)?localhost\.?$/i.test(host)) return [{ address: '127.0.0.1', family: 4 }]
  const resolver = new dns.Resolver(QUERY)
  if (servers !== undefined) resolver.setServers(servers)
  const found: HostAddress[] = []
  const ask = async (family: 4 | 6) => {
    const addresses = family === 4 ? await resolver.resolve4(host) : await resolver.resolve6(host)
    for (const address of addresses) found.push({ address, family })
  }
  // A family without an answer in time is left out: only checked addresses are connected to.
  await settleWithin<unknown>(ms, null, () => Promise.allSettled([ask(4), ask(6)]))
  resolver.cancel()
  return found.sort((a, b) => a.family - b.family).slice(0, MAX_ADDRESSES)
}
