import { type Agent, type ClientRequest, get, type IncomingMessage } from 'node:http'
import { get as getSecurely } from 'node:https'
import type { Socket } from 'node:net'
import type { Secret } from '../credential/secret.ts'
import type { Ended } from '../verdict/refusal.ts'
import type { AppliedReports } from './applied-reports.ts'
import type { Change, ChangedHolders, ChangesListener, Following } from './changes.ts'
import { EventReader, type ServerSentEvent } from './event-stream.ts'

export interface HttpFeedOptions {
  /** The server's URL, without a slash at its end. */
  readonly base: string
  readonly adminKey: Pick<Secret, 'reveal'>
  /** Called with the reason why the feed is unavailable, at each attempt: report it sparingly. */
  readonly onError: (error: Error) => void
  /**
   * The server sends an event about every second: after a silence of so long the connection is dead, whatever the socket
   * says. Default 3000 ms.
   */
  readonly silenceMs?: number | undefined
  /** The agent for the connection. Default: none, a connection of its own. */
  readonly agent?: Agent | undefined
  /** Tells the server which changes the listener has applied. Default: it is not told. */
  readonly reports?: AppliedReports | undefined
  /** Milliseconds on a monotonic clock. Default `performance.now`. */
  readonly steady?: (() => number) | undefined
}

/** A stream that ended regularly is resumed within this time: servers end one every few minutes, and when they stop. */
const SOON_MS = 50
const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 5_000
/** Two clocks may drift apart by so much during a connection; more means that the clock here stood still. */
const DRIFT_MS = 100
/** Longer than the id of any server so far; a longer one is not sent back. */
const MAX_ID = 200

/**
 * Follows `GET /v1/changes` of a Doorward server, and resumes from the last event when the connection is lost. The id of
 * an event is sent back unchanged: it names the history of changes that the listener has received, and a server with
 * another history sends `restarted`.
 *
 * A confirmation carries a time of the server's clock, and may have been delayed. So the two clocks are compared once per
 * connection, erring on the safe side: the server's time in its answer is not earlier than our request. The error is at
 * most the round trip, and no clock needs to be right. A time ahead of now shows that the clock here stood still, as in a
 * suspended virtual machine: then the measurement is void, and the feed starts again.
 *
 * The connection does not keep the process alive.
 */
export function followOverHttp(listener: ChangesListener, options: HttpFeedOptions): Following {
  const { base, adminKey, onError, reports, silenceMs = 3_000, steady = () => performance.now() } = options
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
      // Events of a newer server that are unknown here are ignored: confirmations are still complete.
      const position = String(numberOf(said.position))
      lastId = id !== '' && id.length <= MAX_ID && /^[!-~]+$/.test(id) ? id : position
      // The listener has returned, so its cache has applied the event.
      reports?.applied(lastId)
    }

    const mine: ClientRequest = (base.startsWith('https:') ? getSecurely : get)(
      `${base}/v1/changes`,
      {
        agent: options.agent ?? false,
        headers: {
          accept: 'text/event-stream',
          authorization: `Bearer ${adminKey.reveal()}`,
          ...(lastId === null ? {} : { 'last-event-id': lastId }),
          ...(reports === undefined ? {} : { 'doorward-verifier': reports.id }),
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
            // An event that cannot be read may have ended a credential.
            listener.restarted()
            lastId = null
            over(
              cause instanceof ClockStoodStillError
                ? cause
                : new Error('the feed of changes cannot be read', { cause }),
            )
          }
        })
        // An answer that was never a feed may come from a proxy, which must not be asked twenty times a second.
        answer.on('end', () =>
          over(ahead === null ? new Error('the feed of changes ended before its first event') : null),
        )
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
      return reports?.close()
    },
  }
}

const ANOTHER_LOG =
  'Doorward has another history of changes, as after a failover or a restore. The cache is dropped; ' +
  'revoke again what its database has lost.'

/** The monotonic clock of this process does not count the time while the machine was suspended. */
class ClockStoodStillError extends Error {
  constructor(ms: number) {
    super(
      `the clock of this machine stood still for about ${Math.round(ms)} ms, as after a suspension. The cache is dropped.`,
    )
  }
}

function refusalOf(status: number | undefined): string {
  return status === 401 || status === 403
    ? `the feed of changes is refused (${status}). Use an active admin key with the permission \`verify\`.`
    : `the feed of changes gets status ${status}`
}

function changeOf({ hashes, holders, ended }: Record<string, unknown>): Change {
  if (hashes === null) return { hashes: null, holders: holdersOf(holders), ended: null }
  if (!Array.isArray(hashes) || !hashes.every((hash) => /^[0-9a-f]{64}$/.test(hash)))
    throw new TypeError('a change has no hashes')
  return { hashes, ended: ended === null || ended === undefined ? null : endedOf(ended) }
}

/** Null, which means everything, also where a newer server names holders of another kind. */
function holdersOf(value: unknown): ChangedHolders | null {
  if (value === null || value === undefined) return null
  const { owner_ids: ownerIds, client_ids: clientIds, ...others } = value as Record<string, unknown>
  const isRead = areTexts(ownerIds) && areTexts(clientIds) && Object.keys(others).length === 0
  return isRead ? { ownerIds, clientIds } : null
}

function areTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

/** An end that this version does not know is still a change: the credential is looked up again. */
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
