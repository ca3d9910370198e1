/** A name, an IPv4 address or an IPv6 address in brackets; and a port, where there is one. */
const HOST = /^(?<name>[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/

/**
 * Whether a request that names this host can be meant for us. A name that is not ours leads here where somebody has
 * pointed a name of their own at our address (DNS rebinding). An address, and a name without a dot such as `localhost`
 * or `doorward`, nobody can point anywhere: proxies that pass on the address that they themselves ask come with these.
 * The port says nothing: whoever rebinds a name has ours, and proxies leave it out.
 *
 * @param host the `Host` header as it came
 * @param names ours, in lower case and without port
 */
export function isOwnHost(host: string | undefined, names: ReadonlySet<string>): boolean {
  const name = HOST.exec(host?.toLowerCase() ?? '')?.groups?.name
  if (name === undefined) return false
  return names.has(name) || name.startsWith('[') || IPV4.test(name) || !name.includes('.')
}
