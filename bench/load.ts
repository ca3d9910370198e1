import { connect, type Socket } from 'node:net'

/**
 * The load generator: a process of its own, that writes requests made beforehand to plain sockets, one under way on
 * each connection, and reads no more of an answer than its status and its length. On two cores the generator must not
 * be what is measured, and this takes a fraction of what a general HTTP client takes for a request.
 */
export interface Load {
  readonly port: number
  readonly connections: number
  /** A whole request, as it goes over the wire; `{}` stands for the text. */
  readonly request: string
  /** Taken in turn, over and over; all of one length, because the request holds one Content-Length. */
  readonly texts: readonly string[]
  /** A field of each answer that is the connection's next text, such as `refresh_token`; the first are `texts`, in order. */
  readonly nextIn?: string
  /** When to end: by time or by number. */
  readonly seconds?: number
  readonly total?: number
  /**
   * Whether to look for answers without ever sleeping: waking a process up is the most expensive thing that a small
   * server does, and it is no work of the server's. Only where nothing else needs this core.
   */
  readonly spins?: boolean
  /** Requests a second, each sent when it is due; absent: as fast as answers come. */
  readonly rate?: number
}

export interface LoadAnswer {
  readonly count: number
  readonly seconds: number
  /** How many answers had which status. */
  readonly statuses: Readonly<Record<string, number>>
  /** Bytes of the last answer, as text, so that a wrong one can be told. */
  readonly last: string
  /** With `nextIn`: what each connection would have sent next. */
  readonly next: readonly string[]
  readonly p50Ms: number
  readonly p99Ms: number
  /** How busy this process was, 0 to 1; a spinning one always is. Near 1 it would be what is measured. */
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

/** Where an answer ends, -1 while its headers are not all there. Only answers with a Content-Length, or without a body. */
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
