import { type Agent, type ClientRequest, get, type IncomingMessage } from 'node:http'
import { get as getSecurely } from 'node:https'
import type { Socket } from 'node:net'
import type { Secret } from '../credential/secret.ts'
import type { Ended } from '../verdict/refusal.ts'
import type { Change, ChangedHolders, ChangesListener, Following } from './changes.ts'
import { EventReader, type ServerSentEvent } from './event-stream.ts'

export interface HttpFeedOptions {
  /** Without a slash at its end. */
  readonly base: string
  readonly adminKey: Pick<Secret, 'reveal'>
  /** Hears why the feed is not there. Each time anew; say it sparingly. */
  readonly onError: (error: Error) => void
  /**
   * The server says something about every second: silence for so long is a dead connection, whatever the socket says.
   * Default 3000 ms.
   */
  readonly silenceMs?: number | undefined
  /** Carries the connection. Default: none, a connection by itself. */
  readonly agent?: Agent | undefined
  /** Milliseconds on a clock that only goes forward. Default `performance.now`. */
  readonly steady?: (() => number) | undefined
}

/** A stream that was opened and ended is taken up so soon: servers end one every few minutes, and when they stop. */
const SOON_MS = 50
const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 5_000
/** How far two clocks may drift apart while a connection lasts; more means that the clock here stood still. */
const DRIFT_MS = 100
/** Longer than an id of any server so far; what is longer is no id to be sent back. */
const MAX_ID = 200

/**
 * Follows `GET /v1/changes` of a Doorward server, and goes on from the last event when the connection is lost. The id of
 * an event is sent back as it came: it says which history of changes the listener has heard, and a server that has
 * another says `restarted`.
 *
 * When the server says that nothing was missed up to a moment, that moment is of the server's clock, and the message may
 * have been long under way. So the two clocks are compared once per connection, to the safe side: what the server's
 * showed when it answered was not before we asked. (RTT is the error; no clock needs to be right.) A moment that lies ahead of now shows that the clock here stood still
 * meanwhile, as in a virtual machine that was suspended: then nothing that was measured holds, and all begins again.
 *
 * The connection keeps no process alive.
 */
export function followOverHttp(listener: ChangesListener, options: HttpFeedOptions): Following {
  const { base, adminKey, onError, silenceMs = 3_000, steady = () => performance.now() } = options
  let closed = false
  let lastId: string | null = null
  let failures = 0
  let request: ClientRequest | undefined
  let timer: NodeJS.Timeout | undefined

  const restarted = (reason: unknown): void => {
    listener.restarted()
    if (reason === 'another_log') onError(new Error(ANOTHER_LOG))
  }

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

    const hear = ({ event, data, id }: ServerSentEvent): void => {
      const said = JSON.parse(data)
      if (event === 'open') {
        ahead = askedAtMs - numberOf(said.clock_ms)
        if (said.restarted !== false || lastId === null) restarted(lastId === null ? null : said.reason)
        failures = 0
      } else if (event === 'restarted') restarted(said.reason)
      else if (event === 'change') listener.changed(changeOf(said))
      else if (event === 'confirmed' && ahead !== null) {
        const nowMs = steady()
        const confirmedAtMs = ahead + numberOf(said.clock_ms)
        if (confirmedAtMs - nowMs > DRIFT_MS) throw new ClockStoodStillError(confirmedAtMs - nowMs)
        ahead = Math.min(ahead, nowMs - said.clock_ms)
        listener.confirmed(ahead + said.clock_ms)
      }
      // What a newer server may tell besides is a hint for others; that nothing was missed is still said as before.
      const position = String(numberOf(said.position))
      lastId = id !== '' && id.length <= MAX_ID && /^[!-~]+$/.test(id) ? id : position
    }

    const mine: ClientRequest = (base.startsWith('https:') ? getSecurely : get)(
      `${base}/v1/changes`,
      {
        agent: options.agent ?? false,
        headers: {
          accept: 'text/event-stream',
          authorization: `Bearer ${adminKey.reveal()}`,
          ...(lastId === null ? {} : { 'last-event-id': lastId }),
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
            lastId = null
            over(
              cause instanceof ClockStoodStillError
                ? cause
                : new Error('the feed of changes is not understood', { cause }),
            )
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

const ANOTHER_LOG =
  'Doorward has another history of changes, as after a failover or a restore: everything cached is asked for again, ' +
  'and revocations that its database has lost must be made again'

/** The monotonic clock of this process does not count the time in which the machine was suspended. */
class ClockStoodStillError extends Error {
  constructor(ms: number) {
    super(
      `the clock of this machine stood still for about ${Math.round(ms)} ms, as where it was suspended: everything cached is asked for again`,
    )
  }
}

function refusalOf(status: number | undefined): string {
  return status === 401 || status === 403
    ? `the feed of changes is refused (${status}): the admin key must be live and have the permission \`verify\``
    : `the feed of changes is answered with ${status}`
}

function changeOf({ hashes, holders, ended }: Record<string, unknown>): Change {
  if (hashes === null) return { hashes: null, holders: holdersOf(holders), ended: null }
  if (!Array.isArray(hashes) || !hashes.every((hash) => /^[0-9a-f]{64}$/.test(hash)))
    throw new TypeError('a change has no hashes')
  return { hashes, ended: ended === null || ended === undefined ? null : endedOf(ended) }
}

/** Null, which is everything, also where a newer server names holders of another kind besides. */
function holdersOf(value: unknown): ChangedHolders | null {
  if (value === null || value === undefined) return null
  const { owner_ids: ownerIds, client_ids: clientIds, ...others } = value as Record<string, unknown>
  const isRead = areTexts(ownerIds) && areTexts(clientIds) && Object.keys(others).length === 0
  return isRead ? { ownerIds, clientIds } : null
}

function areTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
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
