import { Type } from 'typebox'
import { iso, Moment, nullable, oneOf } from '../http/wire.ts'
import { KEY_STATES } from '../keys/key.ts'
import { CountWire, toCountWire } from '../keys/key-list.wire.ts'
import { adviceOf, isSafeToFinish, verdictOn } from '../secrets/secret.ts'
import { RotationVerdictWire, toRotationVerdictWire } from '../usage/key-use.wire.ts'
import { toUsageSeriesWire, UsageSeriesWire } from '../usage/usage-series.wire.ts'
import { MOST_A_DAY } from './overview.store.ts'
import { ATTENTION, type Health, type Overview } from './overview.ts'

const HealthWire = Type.Object(
  {
    database_ms: Type.Number({ description: 'Time of one small query, just now' }),
    feed_age_ms: nullable(
      Type.Integer({ description: 'Time since it was last certain that no change was missed' }),
    ),
    revocation_lag: nullable(
      Type.Object(
        { changes: Type.Integer(), p50_ms: Type.Integer(), p99_ms: Type.Integer(), since: Moment },
        {
          description:
            'From the request that ended or stopped a credential until the verifier of this server knew, for the last of them; null before the first',
        },
      ),
    ),
    jobs: Type.Array(
      Type.Object({
        name: Type.String(),
        summary: Type.String({ description: 'What it does' }),
        every_seconds: Type.Integer(),
        runner: nullable(Type.String({ description: 'The server that does it now: host and process' })),
        last_started_at: nullable(Moment),
        last_succeeded_at: nullable(Moment),
        last_failed_at: nullable(Moment),
        took_ms: nullable(Type.Integer({ description: 'Duration of the last run that ended' })),
        failures: Type.Integer({ description: 'Since it last succeeded' }),
        error: nullable(Type.String({ description: 'Why the last run failed; null where it succeeded' })),
        next_run_at: Moment,
      }),
      { description: 'Jobs that servers do by themselves, each by one server at a time' },
    ),
  },
  { description: 'Of the server that answers; jobs are those of all servers' },
)

export const OverviewWire = Type.Object({
  as_of: Moment,
  usage: nullable({
    ...UsageSeriesWire,
    description: 'Null for a caller that is bound to environments: sums are kept of all together',
  }),
  states: Type.Object(Object.fromEntries(KEY_STATES.map((state) => [state, CountWire])) as States),
  ages: Type.Array(
    Type.Object({ from_days: Type.Integer(), to_days: nullable(Type.Integer()), keys: CountWire }),
    { description: 'Keys that are neither revoked nor expired' },
  ),
  expiring: Type.Object({
    days: Type.Array(Type.Object({ on: Moment, keys: CountWire }), {
      description: `Keys that expire on each of the next 90 days of UTC, exact up to ${MOST_A_DAY}`,
    }),
  }),
  rotations: Type.Object({
    running: CountWire,
    data: Type.Array(
      Type.Object({
        key_id: Type.String(),
        name: Type.String(),
        owner_id: Type.String(),
        started_at: Moment,
        ends_at: Moment,
        safe_to_finish: Type.Boolean(),
        advice: Type.String(),
        verdict: RotationVerdictWire,
      }),
      { description: 'Those that end first' },
    ),
  }),
  attention: Type.Array(
    Type.Object({
      code: oneOf(ATTENTION),
      keys: CountWire,
      query: nullable(
        Type.Unsafe<Readonly<Record<string, string>>>({
          type: 'object',
          additionalProperties: { type: 'string' },
          description: 'The parameters of `GET /v1/keys` that list them',
        }),
      ),
    }),
  ),
  health: nullable(HealthWire),
})

type States = Record<(typeof KEY_STATES)[number], typeof CountWire>

/** @param health null for a caller that is bound to an owner or to environments */
export function toOverviewWire(overview: Overview, health: Health | null, now: Date) {
  const { usage, states, ages, expiring, rotations, attention } = overview
  return {
    as_of: iso(now),
    usage: usage === null ? null : toUsageSeriesWire(usage.axis, usage.series),
    states: Object.fromEntries(KEY_STATES.map((state) => [state, toCountWire(states[state])])),
    ages: ages.map(({ fromDays, toDays, keys }) => ({
      ...{ from_days: fromDays, to_days: toDays, keys: toCountWire(keys) },
    })),
    expiring: { days: expiring.map(({ on, keys }) => ({ on: iso(on), keys: toCountWire(keys) })) },
    rotations: {
      running: toCountWire(rotations.running),
      data: rotations.first.map(({ keyId, name, ownerId, rotation }) => ({
        ...{ key_id: keyId, name, owner_id: ownerId },
        started_at: iso(rotation.next.createdAt),
        ends_at: iso(rotation.endsAt),
        safe_to_finish: isSafeToFinish(verdictOn(rotation, now)),
        advice: adviceOf(rotation, now),
        verdict: toRotationVerdictWire(rotation, now),
      })),
    },
    attention: attention.map(({ code, keys, query }) => ({ code, keys: toCountWire(keys), query })),
    health: health === null ? null : toHealthWire(health),
  }
}

function toHealthWire({ databaseMs, feedAgeMs, lag, jobs }: Health) {
  return {
    database_ms: Math.round(databaseMs * 100) / 100,
    feed_age_ms: feedAgeMs === null ? null : Math.round(feedAgeMs),
    revocation_lag:
      lag === null
        ? null
        : {
            ...{ changes: lag.changes, since: iso(lag.since) },
            ...{ p50_ms: Math.round(lag.p50Ms), p99_ms: Math.round(lag.p99Ms) },
          },
    jobs: jobs.map(({ everySeconds, startedAt, succeededAt, failedAt, tookMs, nextRunAt, ...job }) => ({
      ...{ ...job, every_seconds: everySeconds, took_ms: tookMs, next_run_at: iso(nextRunAt) },
      ...{
        last_started_at: iso(startedAt),
        last_succeeded_at: iso(succeededAt),
        last_failed_at: iso(failedAt),
      },
    })),
  }
}
