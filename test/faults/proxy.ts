import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'

/** Network faults; each affects open and new connections. */
export type Fault =
  /** The connection is dropped. */
  | 'cut'
  /** It stays open, and the server's data never arrives; also after the repair, as when a router dropped its state. */
  | 'silent'
  /** The request arrives; then the connection is dropped instead of the response. */
  | 'answers lost'
  /** Half of the request arrives, and then nothing happens. */
  | 'half sent'

/** A proxy between two programs that can be broken and repaired. */
export interface FaultyProxy {
  readonly port: number
  /** Number of faults that took effect: connections cut, pieces dropped, responses lost, requests halved. */
  readonly hits: number
  /** Resolves when a fault takes effect the next time. */
  nextHit(): Promise<void>
  /** @param path prefix of the affected HTTP requests' path; default: everything */
  break(fault: Fault, path?: string): void
  mend(): void
  /** New connections go to another server. */
  leadTo(url: string): void
  close(): Promise<void>
}

interface Link {
  readonly client: Socket
  readonly server: Socket
  /** Path of the last request; empty before the first. */
  path: string
  isDeaf: boolean
  isHalved: boolean
}

export async function startProxy(url: string): Promise<FaultyProxy> {
  const links = new Set<Link>()
  let target = new URL(url)
  let broken: { readonly fault: Fault; readonly path: string } | null = null
  let hits = 0
  let waiting = Promise.withResolvers<void>()

  const hit = () => {
    hits += 1
    waiting.resolve()
    waiting = Promise.withResolvers<void>()
  }
  const drop = (link: Link) => {
    links.delete(link)
    link.client.destroy()
    link.server.destroy()
  }
  const faultOf = ({ path }: Link): Fault | null =>
    broken !== null && path.startsWith(broken.path) ? broken.fault : null
  /** @returns whether there is still a connection */
  const strike = (link: Link): boolean => {
    const fault = faultOf(link)
    if (fault === 'silent') link.isDeaf = true
    if (fault !== 'cut') return true
    hit()
    drop(link)
    return false
  }

  const listener = createServer((client) => {
    const server = createConnection({ host: target.hostname, port: Number(target.port) })
    const link: Link = { client, server, path: '', isDeaf: false, isHalved: false }
    links.add(link)
    for (const end of [client, server]) end.on('error', () => drop(link))
    client.on('close', () => drop(link))
    // In this mode the end of a connection does not arrive either.
    server.on('close', () => link.isDeaf || drop(link))
    client.on('data', (chunk: Buffer) => {
      link.path = /^[A-Z]+ (\S+) HTTP\/1/.exec(chunk.toString('latin1'))?.[1] ?? link.path
      if (!strike(link) || link.isHalved) return
      link.isHalved = faultOf(link) === 'half sent'
      server.write(link.isHalved ? chunk.subarray(0, chunk.length >> 1) : chunk)
      if (link.isHalved) hit()
    })
    server.on('data', (chunk: Buffer) => {
      if (faultOf(link) === 'answers lost') {
        hit()
        drop(link)
      } else if (link.isDeaf) hit()
      else client.write(chunk)
    })
    strike(link)
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  return {
    port: (listener.address() as AddressInfo).port,
    get hits() {
      return hits
    },
    nextHit: () => waiting.promise,
    break: (fault, path = '') => {
      broken = { fault, path }
      for (const link of links) strike(link)
    },
    mend: () => {
      broken = null
    },
    leadTo: (url) => {
      target = new URL(url)
    },
    close: async () => {
      for (const link of links) drop(link)
      listener.close()
      await once(listener, 'close')
    },
  }
}
