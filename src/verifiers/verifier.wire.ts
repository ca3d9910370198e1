import { type Static, Type } from 'typebox'
import { momentAt } from '../base/moment.ts'
import { iso, Moment, nullable, oneOf, plainText, strictObject } from '../http/wire.ts'
import type { Caller } from '../management/caller.ts'
import { bookmarkFromText } from '../verification/changes.wire.ts'
import type { Arrival, Unconfirmed } from './arrival.ts'
import type { VerifierReport, Verifiers } from './verifier.store.ts'
import {
  notReportingOf,
  VERIFIER_KINDS,
  VERIFIER_STATES,
  type VerifierState,
  verifierStateOf,
} from './verifier.ts'

const Milliseconds = (description: string) => Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1, description })

export const VerifierReportWire = strictObject({
  id: Type.String({
    pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$',
    description: 'A random UUID of this subscription to changes',
  }),
  name: Type.Optional(nullable(plainText(80, 'For people, such as the name of the host'))),
  sdk_version: Type.Optional(
    Type.String({ pattern: '^[0-9A-Za-z.+-]{1,40}$', description: 'The version of the SDK' }),
  ),
  applied: Type.String({
    pattern: '^[!-~]{1,200}$',
    description: 'The id of the last event of `GET /v1/changes` that the cache has applied',
  }),
  applied_ago_ms: Milliseconds('Time since it was applied'),
  running_ms: Milliseconds('Time since the subscription began'),
  bound_ms: Type.Optional(
    nullable(
      Milliseconds('Longest use of what is cached after the last confirmation; null: it is not known'),
    ),
  ),
  leaving: Type.Optional(Type.Boolean({ description: 'True: it stops, and is taken off the list' })),
})

export const VerifierReceiptWire = Type.Object({
  report_every_ms: Type.Integer({ description: 'Least time between two reports while changes arrive' }),
})

/** A report of an SDK, by the clock of the server that received it. */
export function toVerifierReport(
  body: Static<typeof VerifierReportWire>,
  { actor, ip, now }: Pick<Caller, 'actor' | 'ip' | 'now'>,
): VerifierReport {
  const before = (ms: number) => momentAt(now.getTime() - ms)
  return {
    ...{ id: body.id, kind: 'sdk', reportedBy: actor.id, name: body.name ?? null, ip },
    version: body.sdk_version ?? null,
    startedAt: before(body.running_ms),
    seenAt: now,
    applied: bookmarkFromText(body.applied),
    appliedAt: before(body.applied_ago_ms),
    boundMs: body.bound_ms ?? null,
    notReporting: 0,
    isLeaving: body.leaving ?? false,
  }
}

const NotReporting = Type.Integer({
  description: 'Listeners that follow changes and report nothing, such as older SDKs: they are not counted',
})

const VerifierWire = Type.Object({
  id: Type.String(),
  kind: oneOf(VERIFIER_KINDS),
  name: nullable(Type.String()),
  version: nullable(Type.String({ description: 'Of the SDK' })),
  reported_by: nullable(Type.String({ description: 'The admin key of an SDK; null for a server' })),
  ip: nullable(Type.String()),
  started_at: Moment,
  last_seen_at: Moment,
  state: oneOf(
    VERIFIER_STATES,
    '`behind`: it lacks a change that is ten seconds old. `silent`: it has not reported for a minute',
  ),
  changes_behind: nullable(
    Type.Integer({ description: 'Null: it has applied none of this history of changes' }),
  ),
  applied_at: { ...Moment, description: 'When it had applied its last change, at the latest' },
  bound_ms: nullable(
    Type.Integer({ description: 'Longest use of its cache after it last knew that it missed no change' }),
  ),
  not_reporting: NotReporting,
})

/** Rows of the list; the counts are of all. */
const MAX_SHOWN = 200

export const VerifiersWire = Type.Object({
  counts: Type.Object({
    current: Type.Integer(),
    behind: Type.Integer(),
    silent: Type.Integer(),
    not_reporting: NotReporting,
  }),
  data: Type.Array(VerifierWire, {
    description: `Those that lag first, at most ${MAX_SHOWN}. A verifier that is silent for a quarter of an hour is left out`,
  }),
})

const LAGGING_FIRST: Readonly<Record<VerifierState, number>> = { silent: 0, behind: 1, current: 2 }

export function toVerifiersWire({ head, due, verifiers }: Verifiers, now: Date) {
  const all = verifiers.map((verifier) => ({ verifier, state: verifierStateOf(verifier, due, now) }))
  const count = (wanted: VerifierState) => all.filter(({ state }) => state === wanted).length
  const shown = all.toSorted((a, b) => LAGGING_FIRST[a.state] - LAGGING_FIRST[b.state]).slice(0, MAX_SHOWN)
  return {
    counts: {
      ...{ current: count('current'), behind: count('behind'), silent: count('silent') },
      not_reporting: notReportingOf(verifiers, now),
    },
    data: shown.map(({ verifier, state }) => ({
      ...{ id: verifier.id, kind: verifier.kind, name: verifier.name, version: verifier.version, state },
      reported_by: verifier.kind === 'server' ? null : verifier.reportedBy,
      ip: verifier.ip,
      started_at: iso(verifier.startedAt),
      last_seen_at: iso(verifier.seenAt),
      changes_behind: verifier.position === null ? null : Math.max(0, head - verifier.position),
      applied_at: iso(verifier.appliedAt),
      bound_ms: verifier.boundMs,
      not_reporting: verifier.notReporting,
    })),
  }
}

const UnconfirmedWire = Type.Object({
  id: Type.String(),
  name: nullable(
    Type.String({ description: 'Null also for a caller that is bound to an owner or to environments' }),
  ),
  kind: oneOf(VERIFIER_KINDS),
  last_seen_at: Moment,
  refuses_from: nullable({
    ...Moment,
    description: 'From then on it uses nothing that it cached before; null: not known yet',
  }),
})

const ARRIVAL_STATES = ['arriving', 'arrived', 'not_kept'] as const

const MAX_NAMED = 20

export const ArrivalWire = Type.Object({
  at: Moment,
  state: oneOf(
    ARRIVAL_STATES,
    '`arrived`: every verifier refuses what the change ended. `not_kept`: no change of this moment is kept any more, or it altered no verdict',
  ),
  refused_since: nullable({
    ...Moment,
    description: 'Since when every verifier refuses it, at the latest. By the clocks of the servers',
  }),
  verifiers: Type.Integer(),
  applied: Type.Integer(),
  started_later: Type.Integer({ description: 'Started after the change, and looked everything up after it' }),
  waiting_count: Type.Integer(),
  waiting: Type.Array(UnconfirmedWire, { description: `At most ${MAX_NAMED}` }),
  lapsed_count: Type.Integer({
    description: 'Have not confirmed it, and refuse it because their cache is too old to be used',
  }),
  lapsed: Type.Array(UnconfirmedWire, { description: `At most ${MAX_NAMED}` }),
  not_reporting: NotReporting,
})

/** @param arrival null where no change of that moment is kept */
export function toArrivalWire(
  at: Date,
  arrival: (Arrival & { readonly notReporting: number }) | null,
  seesNames: boolean,
) {
  const named = (all: readonly Unconfirmed[]) =>
    all.slice(0, MAX_NAMED).map(({ verifier: { id, name, kind, seenAt }, refusesFrom }) => ({
      ...{ id, name: seesNames ? name : null, kind },
      ...{ last_seen_at: iso(seenAt), refuses_from: iso(refusesFrom) },
    }))
  const { waiting = [], lapsed = [] } = arrival ?? {}
  return {
    at: iso(at),
    state: arrival?.state ?? 'not_kept',
    refused_since: iso(arrival?.refusedSince ?? null),
    verifiers: arrival?.verifiers ?? 0,
    applied: arrival?.applied ?? 0,
    started_later: arrival?.startedLater ?? 0,
    ...{ waiting_count: waiting.length, waiting: named(waiting) },
    ...{ lapsed_count: lapsed.length, lapsed: named(lapsed) },
    not_reporting: arrival?.notReporting ?? 0,
  }
}
