/** A name, an IPv4 address or an IPv6 address in brackets, with an optional port. */
const HOST = /^(?<name>[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/

/**
 * Guards against DNS rebinding: false where `Host` is a name that is not ours, which an attacker may have pointed at our
 * address. Addresses, and names without a dot such as `localhost` or `doorward`, cannot be rebound and are accepted:
 * proxies send those that they connect to. The port is ignored: a rebound name comes with our port, and proxies omit it.
 *
 * @param host the `Host` header, unchanged
 * @param names our host names, in lower case and without port
 */
export function isOwnHost(host: string | undefined, names: ReadonlySet<string>): boolean {
  const name = HOST.exec(host?.toLowerCase() ?? '')?.groups?.name
  if (name === undefined) return false
  return names.has(name) || name.startsWith('[') || IPV4.test(name) || !name.includes('.')
}
