import { type UsageBatch, withoutCredentials } from '@doorward/sdk/kernel'
import { type Static, type TSchema, Type } from 'typebox'
import { addSeconds } from '../base/clock.ts'
import { no, type Result, yes } from '../base/result.ts'
import { type Fault, type Problem, problem } from '../http/problem.ts'
import { firstFault } from '../http/validation.ts'
import { iso, Moment, type MomentText, nullable, oneOf, strictObject, toMoment } from '../http/wire.ts'
import { Hash } from '../verification/verify.wire.ts'
import type { LastRefusal } from './last-refusal.store.ts'
import { GRAIN_SECONDS, type Grain, nextStartOf, startOf, type Window } from './usage.ts'
import type { KeyCount, Total } from './usage-report.store.ts'

const Ip = Type.String({ maxLength: 60 })
const Count = { minimum: 0, maximum: 1_000_000_000 } as const

const UsageItemWire = strictObject({
  credential_id: nullable(
    Type.String({
      pattern: '^[\\x21-\\x7e]{1,400}$',
      description: 'As the record has it. null: well-formed credentials that nobody knows, all together',
    }),
  ),
  outcome: Type.String({
    pattern: '^[a-z_]{1,40}$',
    description: '`accepted`, or the reason of the refusal',
  }),
  scope: Type.String({
    pattern: '^$|^[a-z][a-z0-9_.-]{0,63}:[a-z][a-z0-9_-]{0,31}$',
    description: 'Which scope was asked for; empty for none',
  }),
  minute: Moment,
  count: Type.Integer({ ...Count, description: 'Verifications that asked for this scope' }),
  calls: Type.Integer({
    ...Count,
    description: 'Those of them for which it was the first: the sum is how many verifications there were',
  }),
  last_at: Moment,
  last_ip: nullable(Ip),
  last_user_agent: nullable(Type.String({ maxLength: 256 })),
})
const ExposureWire = strictObject({ hash: Hash, at: Moment, ip: nullable(Ip) })

/** Accepts anything: items are validated one by one, since an invalid one must not fail the others. */
const OrElse = Type.Unknown({ description: 'Anything else is not taken; the answer names it' })

export const UsageBatchWire = strictObject({
  id: Type.String({
    pattern: '^[A-Za-z0-9_-]{8,64}$',
    description: 'Made by the sender; a repeated batch counts once',
  }),
  items: Type.Array(Type.Union([OrElse, UsageItemWire]), { maxItems: 10_000 }),
  exposed: Type.Array(Type.Union([OrElse, ExposureWire]), {
    maxItems: 1_000,
    description: 'Credentials that were found in a URL',
  }),
})

export const UsageReceiptWire = Type.Object({
  not_taken: Type.Array(
    Type.Object({
      at: Type.String({ description: 'Its place in the batch, `/items/3/last_ip`' }),
      message: Type.String(),
    }),
    { description: 'What is not understood of the batch. The rest is counted, now or when it came before' },
  ),
})

/** Returns the valid part of a batch, and the faults of the rest. */
export function readUsageBatch(body: Static<typeof UsageBatchWire>): { batch: UsageBatch; faults: Fault[] } {
  const faults: Fault[] = []
  const items = readItems(body.items, '/items', faults)
  const exposed = readExposures(body.exposed, '/exposed', faults)
  return { batch: { id: body.id, items, exposed }, faults }
}

const readItems = reading(UsageItemWire, (item) => ({
  credentialId: item.credential_id,
  outcome: item.outcome,
  scope: item.scope,
  minute: toMoment(item.minute),
  count: item.count,
  calls: item.calls,
  lastAt: toMoment(item.last_at),
  lastIp: item.last_ip,
  lastUserAgent: item.last_user_agent === null ? null : withoutCredentials(item.last_user_agent),
}))

const readExposures = reading(ExposureWire, ({ hash, at, ip }) => ({ hash, at: toMoment(at), ip }))

/** Reads each item of a list by itself; collects faults with their place in the batch. */
function reading<Schema extends TSchema, Part>(schema: Schema, toPart: (wire: Static<Schema>) => Part) {
  const faultOf = firstFault(schema)
  return (list: readonly unknown[], place: string, faults: Fault[]): Part[] =>
    list.flatMap((value, at) => {
      const fault = faultOf(value)
      if (fault === null) return [toPart(value as Static<Schema>)]
      faults.push({ ...fault, at: `${place}/${at}${fault.at}` })
      return []
    })
}

/** Default range of each grain, and the longest range of one answer, in days. */
const DEFAULT_DAYS: Readonly<Record<Grain, number>> = { minute: 1 / 24, hour: 7, day: 30 }
const MAX_DAYS: Readonly<Record<Grain, number>> = { minute: 1, hour: 31, day: 400 }

/** Row limit of a response. Not paged, because counts keep changing: it is complete, or refused as too long. */
export const MAX_ROWS = 10_000

const GrainWire = oneOf(['minute', 'hour', 'day'])

export const UsageQuery = {
  grain: Type.Optional({
    ...GrainWire,
    default: 'hour',
    description: 'What is counted together. By minute at most 1 day, by hour 31 days, by day 400',
  }),
  days: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: MAX_DAYS.day,
      description: 'So many up to `until`; or give `since`',
    }),
  ),
  since: Type.Optional({
    ...Moment,
    description: 'The bucket that this is in is the first. Default: 1 hour, 7 or 30 days before, by grain',
  }),
  until: Type.Optional({
    ...Moment,
    description: 'The bucket that this is in is the last; one that begins here is not in. Default: now',
  }),
}

const InBucketWire = {
  bucket: { ...Moment, description: 'When it begins; days are those of UTC' },
  grain: { ...GrainWire, description: 'Coarser than asked for where the counts are that old' },
  outcome: Type.String({ description: '`accepted`, or the reason of the refusal' }),
}
const Calls = Type.Integer({ description: 'Verifications' })

export const KeyUsageWire = Type.Object({
  data: Type.Array(
    Type.Object({
      credential_id: Type.String(),
      scope: Type.String({ description: 'Which scope was asked for; empty for none' }),
      ...InBucketWire,
      count: Type.Integer({ description: 'Verifications that asked for this scope' }),
      calls: Type.Integer({
        description: 'Those of them for which it was the first: the sum is how many verifications there were',
      }),
    }),
  ),
  last_refusals: Type.Array(
    Type.Object({
      credential_id: Type.String(),
      outcome: Type.String(),
      at: Moment,
      ip: nullable(Type.String()),
      user_agent: nullable(Type.String()),
    }),
    { description: 'Who was refused last, for each secret and reason' },
  ),
})

export const UsageWire = Type.Object({
  data: Type.Array(Type.Object({ ...InBucketWire, calls: Calls })),
  last_unknown: nullable(
    Type.Object(
      { at: Moment, ip: nullable(Type.String()), user_agent: nullable(Type.String()) },
      {
        description:
          'Who presented a well-formed credential last that nobody knows; null to a bound admin key',
      },
    ),
  ),
})

export function toKeyUsageWire(counts: readonly KeyCount[], refusals: readonly LastRefusal[]) {
  return {
    data: counts.map(({ credentialId, bucket, ...same }) => ({
      credential_id: credentialId,
      bucket: iso(bucket),
      ...same,
    })),
    last_refusals: refusals.map((each) => ({
      credential_id: each.credentialId,
      outcome: each.outcome,
      ...toLastWire(each),
    })),
  }
}

export function toUsageWire(found: readonly Total[], unknown: LastRefusal | undefined) {
  return {
    data: found.map(({ bucket, ...same }) => ({ bucket: iso(bucket), ...same })),
    last_unknown: unknown === undefined ? null : toLastWire(unknown),
  }
}

function toLastWire({ at, ip, userAgent }: LastRefusal) {
  return { at: iso(at), ip, user_agent: userAgent }
}

interface AskedWindow {
  readonly grain?: Grain | undefined
  readonly days?: number | undefined
  readonly since?: MomentText | undefined
  readonly until?: MomentText | undefined
}

/** The requested range in whole buckets, so that the response is the same before and after a roll-up. */
export function windowOf(asked: AskedWindow, now: Date): Result<Window, Problem> {
  const { grain = 'hour', days } = asked
  if (days !== undefined && asked.since !== undefined)
    return no(problem('invalid_request', 'Give `days` or `since`, one of the two.'))
  // Includes the bucket that has just begun.
  const end = asked.until === undefined ? addSeconds(now, 0.001) : toMoment(asked.until)
  const begin =
    asked.since === undefined
      ? addSeconds(end, -(days ?? DEFAULT_DAYS[grain]) * GRAIN_SECONDS.day)
      : toMoment(asked.since)
  if (begin >= end)
    return no(problem('invalid_request', '`since` must be before `until`, and not after now.'))
  if (end.getTime() - begin.getTime() > MAX_DAYS[grain] * GRAIN_SECONDS.day * 1000)
    return no(
      problem(
        'invalid_request',
        `By ${grain}, an answer covers at most ${MAX_DAYS[grain]} days. Ask for less time, or for a coarser grain.`,
      ),
    )
  return yes({ grain, since: startOf(grain, begin), until: nextStartOf(grain, end) })
}

export const TOO_MANY_ROWS = problem(
  'invalid_request',
  `The answer would have more than ${MAX_ROWS} rows. Ask for less time, or for a coarser grain.`,
)
