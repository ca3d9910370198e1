import { connect, type Socket } from 'node:net'

/**
 * The load generator: a process of its own that writes prepared requests to plain sockets, one at a time on each
 * connection, and reads only status and length of an answer. On two cores the generator must not be the bottleneck;
 * this takes a fraction of the time of a general HTTP client.
 */
export interface Load {
  readonly port: number
  readonly connections: number
  /** A whole request; `{}` stands for the text. */
  readonly request: string
  /** Used in turn, repeatedly; all of one length, because the request has one Content-Length. */
  readonly texts: readonly string[]
  /**
   * A field of each answer that is the connection's next text, such as `refresh_token`. The first are `texts`, in
   * order.
   */
  readonly nextIn?: string
  /** The end: by time or by number. */
  readonly seconds?: number
  readonly total?: number
  /**
   * Polls for answers without sleeping: waking a process is the most expensive operation of a small server, and not
   * part of its work. Only where nothing else needs this core.
   */
  readonly spins?: boolean
  /** Requests a second, each sent when it is due. Default: as fast as answers arrive. */
  readonly rate?: number
}

export interface LoadAnswer {
  readonly count: number
  readonly seconds: number
  /** The number of answers by status. */
  readonly statuses: Readonly<Record<string, number>>
  /** The last answer, to recognise a wrong one. */
  readonly last: string
  /** With `nextIn`: the next text of each connection. */
  readonly next: readonly string[]
  readonly p50Ms: number
  readonly p99Ms: number
  /** CPU use of this process, 0 to 1; always 1 when polling. Near 1 the generator would be the bottleneck. */
  readonly busy: number
}

process.on('message', (load: Load) => {
  void run(load).then(
    (answer) => process.send?.(answer),
    (error) => {
      process.stderr.write(`load generator: ${error instanceof Error ? error.stack : error}\n`)
      process.exit(1)
    },
  )
})

async function run(load: Load): Promise<LoadAnswer> {
  const {
    port,
    connections,
    request,
    texts,
    seconds = Number.POSITIVE_INFINITY,
    rate,
    nextIn,
    spins = false,
  } = load
  const total = load.total ?? Number.POSITIVE_INFINITY
  const [head = '', tail = ''] = request.split('{}')
  const statuses: Record<string, number> = {}
  const latencies: number[] = []
  let last = ''
  let sent = 0
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)))
  const cpu = process.cpuUsage()
  const startedMs = performance.now()
  const endMs = startedMs + seconds * 1000

  /** Milliseconds until the next request is due. */
  const wait = () => (rate === undefined ? 0 : startedMs + (sent * 1000) / rate - performance.now())

  const next: string[] = []
  const drive = (socket: Socket, at: number) =>
    new Promise<void>((resolve, reject) => {
      let own = texts[at] ?? ''
      let sentMs = 0
      let received = ''
      const send = () => {
        if (sent >= total || performance.now() >= endMs) {
          next[at] = own
          return resolve()
        }
        const ms = wait()
        if (ms > 0) return void setTimeout(send, Math.max(1, Math.floor(ms)))
        const text = nextIn === undefined ? texts[sent % texts.length] : own
        sent += 1
        sentMs = performance.now()
        socket.write(`${head}${text}${tail}`, 'latin1')
      }
      socket.setEncoding('latin1').on('data', (chunk) => {
        received += chunk
        const end = endOfAnswer(received)
        if (end === -1 || received.length < end) return
        latencies.push(performance.now() - sentMs)
        const status = received.slice(9, 12)
        statuses[status] = (statuses[status] ?? 0) + 1
        last = received
        if (nextIn !== undefined) own = JSON.parse(received.slice(received.indexOf('\r\n\r\n')))[nextIn]
        received = ''
        send()
      })
      socket.on('error', reject)
      socket.on('close', () => reject(new Error(`a connection was closed after ${received || last}`)))
      send()
    })

  let isOver = false
  const spin = (): void => {
    if (!isOver) setImmediate(spin)
  }
  if (spins) spin()
  await Promise.all(sockets.map(drive))
  isOver = true
  const elapsedMs = performance.now() - startedMs
  const { user, system } = process.cpuUsage(cpu)
  for (const socket of sockets) socket.removeAllListeners('close').destroy()
  latencies.sort((a, b) => a - b)
  return {
    count: latencies.length,
    seconds: elapsedMs / 1000,
    statuses,
    last,
    next,
    p50Ms: latencies[Math.floor(latencies.length * 0.5)] ?? 0,
    p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? 0,
    busy: (user + system) / 1000 / elapsedMs,
  }
}

/**
 * The end of an answer, -1 while its headers are incomplete. Only for answers with a Content-Length or without a body.
 */
function endOfAnswer(received: string): number {
  const end = received.indexOf('\r\n\r\n')
  if (end === -1) return -1
  const length = /\r\ncontent-length: *(\d+)/i.exec(received)?.[1]
  if (length !== undefined) return end + 4 + Number(length)
  if (/^HTTP\/1\.1 (204|304)/.test(received)) return end + 4
  throw new Error(`an answer without Content-Length: ${received.slice(0, 200)}`)
}

function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  return new Promise((resolve, reject) => socket.once('connect', () => resolve(socket)).once('error', reject))
}
