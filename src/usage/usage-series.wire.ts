import { type Static, Type } from 'typebox'
import { addSeconds } from '../base/clock.ts'
import { no, type Result, yes } from '../base/result.ts'
import { type Problem, problem } from '../http/problem.ts'
import { idOf, iso, Moment, nullable, OwnerId, oneOf, strictObject, toMoment } from '../http/wire.ts'
import { type Axis, axisFor, GRAIN_SECONDS, KEPT_SECONDS, MAX_POINTS, MAX_SERIES } from './usage.ts'
import type { Series } from './usage-series.store.ts'

const SPANS = { '1h': 1 / 24, '6h': 1 / 4, '24h': 1, '7d': 7, '30d': 30, '90d': 90, '400d': 400 } as const
type Span = keyof typeof SPANS

export const UsageSeriesQuery = strictObject({
  by: Type.Optional({
    ...oneOf(['outcome', 'scope'], 'What a series is. By scope, a verification of two scopes is in both'),
    default: 'outcome',
  }),
  key_id: Type.Optional(idOf('key')),
  owner_id: Type.Optional(OwnerId),
  span: Type.Optional(
    oneOf(Object.keys(SPANS) as Span[], 'So long up to `until`; or give `since`. Default: 24h'),
  ),
  since: Type.Optional({ ...Moment, description: 'The point that this is in is the first' }),
  until: Type.Optional({ ...Moment, description: 'Default: now' }),
})

export const UsageSeriesWire = Type.Object(
  {
    since: Moment,
    until: Moment,
    step_seconds: Type.Integer({
      description: 'As short as the number of points and the age of counts allow',
    }),
    buckets: Type.Array(Moment, { description: `When each point begins; at most ${MAX_POINTS}` }),
    series: Type.Array(
      Type.Object({
        outcome: nullable(
          Type.String({
            description:
              '`accepted`, or the reason of the refusal; by scope `refused` for any. null: all other series added up',
          }),
        ),
        scope: nullable(Type.String({ description: 'Which scope was asked for; empty for none' })),
        total: Type.Integer(),
        values: Type.Array(Type.Integer(), { description: 'One for each point' }),
      }),
      { description: `Largest first; at most ${MAX_SERIES}, and the rest added up in one more` },
    ),
  },
  { description: 'Verifications over time, for a chart' },
)

/** The axis of time for a query; by scope, the sums of all keys are kept by hour. */
export function axisOf(query: Static<typeof UsageSeriesQuery>, now: Date): Result<Axis, Problem> {
  const { by, key_id: keyId, span, since, until } = query
  if (span !== undefined && since !== undefined)
    return no(problem('invalid_request', 'Give `span` or `since`, one of the two.'))
  // Includes the point that has just begun.
  const end = until === undefined ? addSeconds(now, 0.001) : toMoment(until)
  const begin =
    since === undefined ? addSeconds(end, -SPANS[span ?? '24h'] * GRAIN_SECONDS.day) : toMoment(since)
  if (begin >= end)
    return no(problem('invalid_request', '`since` must be before `until`, and not after now.'))
  if (end.getTime() - begin.getTime() > (KEPT_SECONDS.day + 1) * 1000)
    return no(problem('invalid_request', 'A chart covers at most 400 days. Ask for less time.'))
  const finest = by === 'scope' && keyId === undefined ? 'hour' : 'minute'
  return yes(axisFor({ since: begin, until: end }, now, finest))
}

export function toUsageSeriesWire({ since, until, stepSeconds, points }: Axis, series: readonly Series[]) {
  return {
    since: iso(since),
    until: iso(until),
    step_seconds: stepSeconds,
    buckets: Array.from({ length: points }, (_, at) => iso(addSeconds(since, at * stepSeconds))),
    series: series.map((each) => ({ ...each, values: [...each.values] })),
  }
}
