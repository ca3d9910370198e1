import { type ClientRequest, get, type IncomingMessage } from 'node:http'
import { get as getSecurely } from 'node:https'
import type { Socket } from 'node:net'
import type { Change, ChangesListener, Following } from './changes.ts'
import type { Secret } from './credential.ts'
import { EventReader, type ServerSentEvent } from './event-stream.ts'
import type { Ended } from './refusal.ts'

export interface HttpFeedOptions {
  /** Without a slash at its end. */
  readonly base: string
  readonly adminKey: Secret
  /** Hears why the feed is not there. Each time anew; say it sparingly. */
  readonly onError: (error: Error) => void
  /**
   * The server says something about every second: silence for so long is a dead connection, whatever the socket says.
   * Default 3000 ms.
   */
  readonly silenceMs?: number | undefined
  /** Milliseconds on a clock that only goes forward. Default `performance.now`. */
  readonly steady?: (() => number) | undefined
}

/** A stream that was opened and ended is taken up so soon: servers end one every few minutes, and when they stop. */
const SOON_MS = 50
const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 5_000

/**
 * Follows `GET /v1/changes` of a Doorward server, and goes on from the last position when the connection is lost.
 *
 * When the server says that nothing was missed up to a moment, that moment is of the server's clock, and the message may
 * have been long under way. So the two clocks are compared once per connection, to the safe side: what the server's
 * showed when it answered was not before we asked. (RTT is the error; no clock needs to be right.)
 *
 * The connection keeps no process alive.
 */
export function followOverHttp(listener: ChangesListener, options: HttpFeedOptions): Following {
  const { base, adminKey, onError, silenceMs = 3_000, steady = () => performance.now() } = options
  let closed = false
  let position: number | null = null
  let failures = 0
  let request: ClientRequest | undefined
  let timer: NodeJS.Timeout | undefined

  const connect = (): void => {
    const askedAtMs = steady()
    let ahead: number | null = null
    let settled = false

    const over = (error: Error | null): void => {
      if (settled || closed) return
      settled = true
      mine.destroy()
      clearTimeout(timer)
      if (error !== null) onError(error)
      const most = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures)
      failures = Math.min(failures + 1, 10)
      timer = setTimeout(
        connect,
        error === null ? Math.random() * SOON_MS : most * (0.5 + Math.random() / 2),
      ).unref()
    }
    const expectMore = (): void => {
      clearTimeout(timer)
      timer = setTimeout(() => over(new Error('the feed of changes is silent')), silenceMs).unref()
    }

    const hear = ({ event, data }: ServerSentEvent): void => {
      const said = JSON.parse(data)
      if (event === 'open') {
        ahead = askedAtMs - numberOf(said.clock_ms)
        if (said.restarted !== false || position === null) listener.restarted()
        failures = 0
      } else if (event === 'restarted') listener.restarted()
      else if (event === 'change') listener.changed(changeOf(said))
      else if (event === 'confirmed' && ahead !== null) listener.confirmed(ahead + numberOf(said.clock_ms))
      // What a newer server may tell besides is a hint for others; that nothing was missed is still said as before.
      position = numberOf(said.position)
    }

    const mine: ClientRequest = (base.startsWith('https:') ? getSecurely : get)(
      `${base}/v1/changes`,
      {
        agent: false,
        headers: {
          accept: 'text/event-stream',
          authorization: `Bearer ${adminKey.reveal()}`,
          ...(position === null ? {} : { 'last-event-id': String(position) }),
        },
      },
      (answer: IncomingMessage) => {
        if (answer.statusCode !== 200) return over(new Error(refusalOf(answer.statusCode)))
        const reader = new EventReader(hear)
        answer.setEncoding('utf8')
        answer.on('data', (text: string) => {
          if (settled || closed) return
          expectMore()
          try {
            reader.push(text)
          } catch (cause) {
            // What is not understood may have ended a credential.
            listener.restarted()
            position = null
            over(new Error('the feed of changes is not understood', { cause }))
          }
        })
        // What never was a feed may be somebody in between; he is not to be asked twenty times a second.
        answer.on('end', () => over(ahead === null ? new Error('the feed of changes ended unopened') : null))
        answer.on('error', over)
        answer.on('close', () => over(new Error('the feed of changes broke off')))
      },
    )
    mine.on('socket', (socket: Socket) => socket.unref())
    mine.on('error', over)
    request = mine
    expectMore()
  }
  connect()

  return {
    close: () => {
      closed = true
      clearTimeout(timer)
      request?.destroy()
    },
  }
}

function refusalOf(status: number | undefined): string {
  return status === 401 || status === 403
    ? `the feed of changes is refused (${status}): the admin key must be live and have the permission \`verify\``
    : `the feed of changes is answered with ${status}`
}

function changeOf({ hashes, ended }: { hashes: unknown; ended: unknown }): Change {
  if (hashes === null) return { hashes: null, ended: null }
  if (!Array.isArray(hashes) || !hashes.every((hash) => /^[0-9a-f]{64}$/.test(hash)))
    throw new TypeError('a change has no hashes')
  return { hashes, ended: ended === null || ended === undefined ? null : endedOf(ended) }
}

/** An end that this version does not know is still a change: then the credential is asked for anew. */
function endedOf(value: unknown): Ended | null {
  const { reason, at } = value as { reason?: unknown; at?: unknown }
  if (reason !== 'revoked' && reason !== 'rotated' && reason !== 'expired') return null
  const moment = new Date(String(at))
  return Number.isNaN(moment.getTime()) ? null : { reason, at: moment }
}

function numberOf(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new TypeError('a number is missing')
  return value
}
