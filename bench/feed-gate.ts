import { connect, createServer, type Socket } from 'node:net'

export interface FeedGate {
  readonly url: string
  /** Stops forwarding, without closing: on the connection of the changes feed, or on all. */
  hold(what: 'feed' | 'everything'): void
  /** Forwards again, on new connections. */
  release(): void
  close(): Promise<void>
}

/** A proxy between an SDK and the server that can stop forwarding silently, as a broken network does. */
export async function openFeedGate(toPort: number): Promise<FeedGate> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let held: 'nothing' | 'feed' | 'everything' = 'nothing'

  const gate = createServer((client) => {
    const server = connect({ port: toPort, host: '127.0.0.1', noDelay: true })
    const pair = [client, server] as const
    pairs.add(pair)
    let isFeed = false
    const isOpen = () => held === 'nothing' || (held === 'feed' && !isFeed)
    client.on('data', (chunk) => {
      if (chunk.includes('GET /v1/changes')) isFeed = true
      if (isOpen()) server.write(chunk)
    })
    server.on('data', (chunk) => {
      if (isOpen()) client.write(chunk)
    })
    for (const socket of pair)
      socket
        .on('error', () => {})
        .on('close', () => {
          for (const each of pair) each.destroy()
          pairs.delete(pair)
        })
  })
  await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve))
  const address = gate.address()
  const cutAll = () => {
    for (const [client] of pairs) client.destroy()
  }
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    hold: (what) => {
      held = what
    },
    release: () => {
      held = 'nothing'
      cutAll()
    },
    close: async () => {
      cutAll()
      await new Promise((resolve) => gate.close(resolve))
    },
  }
}
