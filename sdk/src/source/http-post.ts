import { Agent, type ClientRequest, request } from 'node:http'
import { request as requestSecurely, Agent as SecureAgent } from 'node:https'

export interface Posting {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly agent: Agent
  /** For the request, its answer and its retry together. */
  readonly signal: AbortSignal
}

export interface PostAnswer {
  readonly status: number
  readonly text: string
}

/** Longer than any valid answer: 500 records of the largest size. */
const MAX_ANSWER = 64 * 1024 * 1024
/** Connections at once; a request that waits for one keeps its deadline. */
const MAX_CONNECTIONS = 64

/** Creates an agent that keeps connections open between requests; idle ones do not keep the process alive. */
export function keepingAgent(base: string): Agent {
  const options = { keepAlive: true, maxSockets: MAX_CONNECTIONS }
  return base.startsWith('https:') ? new SecureAgent(options) : new Agent(options)
}

/**
 * Sends a request, and once more where a kept-alive connection broke before the whole answer was received: a load balancer
 * or a restart had closed it, which shows only when something is sent. The retry uses a new connection, because other
 * kept-alive ones may be dead too. Redirects are not followed.
 *
 * So everything that is posted is idempotent: it has no effect, or one for its id.
 */
export async function post(posting: Posting): Promise<PostAnswer> {
  const { url, agent, signal } = posting
  let asked: ClientRequest | undefined
  const once = () => ask(posting, (request) => (asked = request))
  try {
    return await once()
  } catch (error) {
    if (signal.aborted || asked?.reusedSocket !== true) throw error
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
