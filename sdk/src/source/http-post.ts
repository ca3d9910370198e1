import { Agent, type ClientRequest, request } from 'node:http'
import { request as requestSecurely, Agent as SecureAgent } from 'node:https'

export interface Posting {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly agent: Agent
  /** For the question, its answer and its repetition together. */
  readonly signal: AbortSignal
  /** Whether it may be asked twice: nothing must be spent by it, or once only under its id. */
  readonly isRepeatable: boolean
}

export interface PostAnswer {
  readonly status: number
  readonly text: string
}

/** Longer than any answer that is asked for: 500 records with all that they can hold. */
const MAX_ANSWER = 64 * 1024 * 1024
/** Connections at once; what waits for one has its deadline all the same. */
const MAX_CONNECTIONS = 64

/** Connections to a server that are kept open between questions; idle ones keep no process alive. */
export function keepingAgent(base: string): Agent {
  const options = { keepAlive: true, maxSockets: MAX_CONNECTIONS }
  return base.startsWith('https:') ? new SecureAgent(options) : new Agent(options)
}

/**
 * Asks once, and once more where a connection that was kept open broke before the whole answer was there: a balancer or
 * a restart has closed it, and nobody can tell until something is sent. The second time goes over a new connection,
 * because others that were kept may be as dead. Redirects are not followed.
 */
export async function post(posting: Posting): Promise<PostAnswer> {
  const { url, agent, signal, isRepeatable } = posting
  let asked: ClientRequest | undefined
  const once = () => ask(posting, (request) => (asked = request))
  try {
    return await once()
  } catch (error) {
    if (!isRepeatable || signal.aborted || asked?.reusedSocket !== true) throw error
    closeIdle(agent, new URL(url).hostname)
    return await once()
  }
}

function ask(
  { url, headers, body, agent, signal }: Posting,
  begun: (request: ClientRequest) => void,
): Promise<PostAnswer> {
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', agent, headers, signal }
    const asked = (url.startsWith('https:') ? requestSecurely : request)(url, options, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (piece: string) => {
        text += piece
        if (text.length > MAX_ANSWER) asked.destroy(new RangeError('the answer is too long'))
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
      answer.on('error', reject)
      answer.on('close', () => reject(new Error('the answer broke off')))
    })
    begun(asked)
    asked.on('error', reject)
    asked.end(body)
  })
}

function closeIdle(agent: Agent, hostname: string): void {
  const host = hostname.replace(/^\[|\]$/g, '')
  for (const [name, sockets] of Object.entries(agent.freeSockets))
    if (name.startsWith(`${host}:`)) for (const socket of sockets ?? []) socket.destroy()
}
