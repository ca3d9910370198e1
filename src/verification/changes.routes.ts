import { endedBy, hashCredential } from '@doorward/sdk/kernel'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { PresentedAdminKey } from '../admin-keys/admin-key.store.ts'
import type { KnownAdminKeys } from '../admin-keys/known-admin-keys.ts'
import { no, yes } from '../base/result.ts'
import { changesAfter } from '../changes/change.store.ts'
import type { ChangesFeed } from '../changes/changes-feed.ts'
import type { Db } from '../db/schema.ts'
import { problem } from '../http/problem.ts'
import { strictObject } from '../http/wire.ts'
import { type Pipeline, reads } from '../management/pipeline.ts'
import { BOOKMARK, bookmarkFromText } from './changes.wire.ts'
import { ChangesStream, type StreamStart } from './changes-stream.ts'

/** Limit of listeners per process: each costs a socket and some kilobytes. */
const MAX_LISTENERS = 2_000
/** Lifetime of a stream, with a quarter of jitter: then its listener reconnects, perhaps to another server. */
const LIFETIME_MS = 300_000
/** Limit of missed changes that are read from the database; after more, starting over is quicker. */
const MAX_MISSED = 500

/** Header with which a listener says that it reports what it has applied. */
const REPORTER = 'doorward-verifier'

const BookmarkText = Type.String({ pattern: BOOKMARK })

interface ChangesParts {
  /** Connections that no list and no change holds up. */
  readonly verdicts: Db
  readonly knownAdminKeys: KnownAdminKeys
  readonly feed: ChangesFeed
  readonly maxListeners?: number
}

/** The listeners of this process. */
export interface ListenerCounts {
  readonly all: number
  /** Those that do not report which changes they have applied, such as older SDKs. */
  readonly notReporting: number
}

/** Streams changes to SDKs as Server-Sent Events. Returns a function that counts the listeners. */
export function changesRoutes(
  app: FastifyInstance,
  pipeline: Pipeline,
  { verdicts, knownAdminKeys, feed, maxListeners = MAX_LISTENERS }: ChangesParts,
): () => ListenerCounts {
  const { clock } = pipeline
  /** By stream: does its listener report what it has applied? */
  const streams = new Map<ChangesStream, { readonly reports: boolean }>()
  /** Streams being opened: they count, or many concurrent requests would all pass the limit. */
  let opening = 0
  // An open stream would delay the server's stop for as long as its listener stays.
  app.addHook('preClose', async () => {
    for (const stream of streams.keys()) stream.finish()
  })

  const follow = {
    id: 'followChanges',
    method: 'GET',
    url: '/v1/changes',
    permission: 'verify',
    tag: 'Verification',
    summary: 'What alters verdicts, as Server-Sent Events',
    query: strictObject({
      after: Type.Optional({
        ...BookmarkText,
        description: 'The id of the last event seen; or `Last-Event-ID`',
      }),
      once: Type.Optional(Type.Boolean({ description: 'End when all is said, instead of waiting for more' })),
    }),
    status: 200,
    answer: Type.String({
      description:
        'Events `open`, `change` (with `hashes`; null for all of `holders`, or where that is null too, ' +
        'for everything; and `ended` where it is for good), `confirmed` about ' +
        'every second, and `restarted`: some may have been missed, ask for everything anew. The id of an event ' +
        'says which history of changes it is of: `reason` is `another_log` where that is gone.',
    }),
    mediaType: 'text/event-stream',
    problems: ['too_many_listeners'],
  } as const
  reads(app, pipeline, follow, async ({ presented, query, headers }) => {
    if (streams.size + opening >= maxListeners)
      return no(
        problem('too_many_listeners', 'Ask another server, or come back later.', { retryAfterSeconds: 5 }),
      )
    opening += 1
    try {
      const start = await beginning(query.after ?? headers['last-event-id'])
      const key = await knownAdminKeys.find(presented.reveal())
      const lifetimeMs = LIFETIME_MS * (0.75 + Math.random() / 2)
      const stream = new ChangesStream(feed, () => clock.steadyMs(), {
        ...start,
        once: query.once ?? false,
        endsAtMs: clock.steadyMs() + Math.min(lifetimeMs, livesForMs(key, clock.nowMs())),
        adminKeyHash: hashCredential(presented.reveal()),
      })
      streams.set(stream, { reports: REPORTER in headers })
      stream.once('close', () => streams.delete(stream))
      return yes(stream)
    } finally {
      opening -= 1
    }

    async function beginning(seen: unknown): Promise<Pick<StreamStart, 'after' | 'missed' | 'restarted'>> {
      const after = bookmarkFromText(seen)
      if (after === null) return { after, missed: [], restarted: null }
      if (feed.recentAfter(after) === null) await feed.catchUp()
      if (feed.recentAfter(after) !== null) return { after, missed: [], restarted: null }
      const { restarted, changes } = await changesAfter(verdicts, after, MAX_MISSED)
      if (restarted !== null) return { after: null, missed: [], restarted }
      return changes.length === MAX_MISSED
        ? { after: null, missed: [], restarted: 'changes_missed' }
        : { after, missed: changes, restarted }
    }
  })

  return () => {
    const notReporting = [...streams.values()].filter(({ reports }) => !reports).length
    return { all: streams.size, notReporting }
  }
}

/** Time until an admin key ends by the clock. A revocation arrives as a change. */
function livesForMs(key: PresentedAdminKey | null, nowMs: number): number {
  if (key === null || endedBy(key, nowMs) !== null) return 0
  const ends = [key.expiresAt, key.retiresAt].map((end) => end?.getTime() ?? Number.POSITIVE_INFINITY)
  return Math.min(...ends) - nowMs
}
