import { type Static, Type } from 'typebox'
import type { Period } from '../audit/audit-event.store.ts'
import {
  AuditEventWire,
  ChainCheckWire,
  toAuditEventWire,
  toChainCheckWire,
} from '../audit-log/audit-event.wire.ts'
import { readMoment } from '../base/moment.ts'
import type { CursorCodec } from '../http/cursor.ts'
import {
  Cursor,
  iso,
  Limit,
  Moment,
  type MomentText,
  nullable,
  oneOf,
  pageWire,
  strictObject,
  toMoment,
} from '../http/wire.ts'
import type { Caller } from '../management/caller.ts'
import { EnvironmentPolicyWire, toEnvironmentPolicyWire } from '../owners/environment-policy.wire.ts'
import type { Policy } from '../owners/policy.ts'
import { CRITERIA, EVENTS_OF_SECTION, MOST_COUNTED, SECTION_NAMES, sectionOf } from './evidence.ts'
import type { Evidence, EvidenceEvent, Section } from './read-evidence.ts'

const said = (description: string) => Type.Unsafe<MomentText>({ ...Moment, description })
const period = {
  from: said('First moment of the period'),
  to: said('First moment after the period; where it lies in the future, now'),
}

export const EvidenceQuery = strictObject(period)

export const SectionParams = strictObject({ section: oneOf(SECTION_NAMES) })

export const SectionQuery = strictObject({
  ...period,
  limit: Type.Optional(Limit),
  cursor: Type.Optional(Cursor),
})

const EventWire = Type.Object({
  ...AuditEventWire.properties,
  subject: nullable(
    Type.Object(
      { name: Type.String(), environment: nullable(Type.String()) },
      { description: 'What `target_id` names, as it is called now' },
    ),
  ),
  notice: nullable(
    Type.Object(
      {
        first_at: said('When the mail of the first notice was written'),
        sent_at: nullable(said('When a mail server took it; null: none had by then')),
        noticed_end: said('The end of which it told'),
        seconds_after: Type.Integer({
          description: 'From that notice to this event: from `sent_at`, or else from `first_at`',
        }),
        seconds_before_end: Type.Integer({ description: 'From this event to that end; 0 where it came' }),
      },
      { description: 'The first notice of the end that this event came before, or reached; null: none' },
    ),
  ),
})

export const EvidencePageWire = pageWire(EventWire)

const RulesWire = EnvironmentPolicyWire.properties.rules
const CriterionName = oneOf(Object.keys(CRITERIA) as readonly (keyof typeof CRITERIA)[])

export const EvidenceWire = Type.Object({
  from: Moment,
  to: Moment,
  made_at: Moment,
  made_by: AuditEventWire.properties.actor,
  criteria: Type.Array(Type.Object({ id: CriterionName, about: Type.String() }), {
    description:
      'AICPA Trust Services Criteria (2017, points of focus of 2022), in our words. The report is evidence for them; if they are met is for your auditor to judge',
  }),
  policies: Type.Array(Type.Object({ environment: Type.String(), at_start: RulesWire, at_end: RulesWire }), {
    description: 'The policy in force; rules of the configuration as they are configured now',
  }),
  sections: Type.Array(
    Type.Object({
      id: oneOf(SECTION_NAMES),
      criteria: Type.Array(CriterionName),
      count: Type.Integer({ description: `Events of the period, counted up to ${MOST_COUNTED}` }),
      count_is_exact: Type.Boolean({ description: 'False: there are more' }),
      data: Type.Array(EventWire, { description: `The first ${EVENTS_OF_SECTION}, oldest first` }),
      next_cursor: nullable(
        Type.String({ description: 'Where `GET /v1/evidence/{section}` goes on; null: that is all' }),
      ),
    }),
  ),
  chain: Type.Object({
    head: Type.Object({ seq: Type.Integer(), hash: Type.String() }),
    archived_to: Type.Integer({
      description: 'Events up to this one were archived to files, and are in no section; 0: none',
    }),
    check: ChainCheckWire,
  }),
})

/** Null where the period has no length. A period that has not ended is one until now. */
export function toPeriod(query: Static<typeof EvidenceQuery>, now: Date): Period | null {
  const [from, asked] = [toMoment(query.from), toMoment(query.to)]
  const to = asked > now ? now : asked
  return from < to ? { from, to } : null
}

export function toEvidenceWire(
  { policies, sections, head, archivedTo, check }: Evidence,
  { from, to }: Period,
  { actor, now }: Caller,
  name: string | null,
) {
  return {
    from: iso(from),
    to: iso(to),
    made_at: iso(now),
    made_by: name === null ? actor : { ...actor, name },
    criteria: Object.entries(CRITERIA).map(([id, about]) => ({ id, about })),
    policies: policies.map(({ environment, atStart, atEnd }) => ({
      environment,
      at_start: toRulesWire(atStart),
      at_end: toRulesWire(atEnd),
    })),
    sections: sections.map(toSectionWire),
    chain: {
      head: { seq: head.seq, hash: Buffer.from(head.hash).toString('hex') },
      archived_to: archivedTo,
      check: toChainCheckWire(check),
    },
  }
}

function toRulesWire(policy: Policy) {
  return toEnvironmentPolicyWire(policy, undefined, false).rules
}

function toSectionWire({ name, count, isCountExact, events }: Section) {
  const shown = events.slice(0, EVENTS_OF_SECTION)
  const last = events.length > shown.length ? shown.at(-1) : undefined
  return {
    id: name,
    criteria: [...sectionOf(name).criteria],
    count,
    count_is_exact: isCountExact,
    data: shown.map(toEvidenceEventWire),
    next_cursor: last === undefined ? null : EVENT_POSITION.write(last.event),
  }
}

export function toEvidenceEventWire({ event, subject }: EvidenceEvent) {
  return { ...toAuditEventWire(event), subject, notice: toNoticeWire(event.at, event.detail) }
}

function toNoticeWire(at: Date, detail: Readonly<Record<string, unknown>>) {
  const momentOf = (name: string) => readMoment(String(detail[name]))
  const [firstAt, end] = [momentOf('first_notice_at'), momentOf('noticed_end')]
  if (firstAt === null || end === null) return null
  const sentAt = momentOf('first_notice_sent_at')
  return {
    first_at: iso(firstAt),
    sent_at: iso(sentAt),
    noticed_end: iso(end),
    seconds_after: secondsFrom(sentAt ?? firstAt, at),
    seconds_before_end: Math.max(0, secondsFrom(at, end)),
  }
}

function secondsFrom(from: Date, to: Date): number {
  return Math.floor((to.getTime() - from.getTime()) / 1000)
}

/** Position of an event in the order of time. */
export const EVENT_POSITION: CursorCodec<{ readonly at: Date; readonly seq: number }> = {
  write: ({ at, seq }) => Buffer.from(`3 ${at.toISOString()} ${seq}`).toString('base64url'),
  read: (cursor) => {
    const text = Buffer.from(cursor, 'base64url').toString()
    const [, moment = '', seq] = /^3 (\S{20,30}) (\d{1,15})$/.exec(text) ?? []
    const at = readMoment(moment)
    return at === null ? null : { at, seq: Number(seq) }
  },
}
