import { Type } from 'typebox'
import {
  Cursor,
  EnvironmentName,
  idOf,
  iso,
  Limit,
  Moment,
  nullable,
  OwnerId,
  oneOf,
  pageWire,
  plainText,
  strictObject,
} from '../http/wire.ts'
import {
  FINDING_HOLDERS,
  FINDING_KINDS,
  FINDING_STATES,
  type Finding,
  type FindingSettings,
  MAX_SETTING_DAYS,
  stateOf,
} from './finding.ts'
import type { CountOfKind } from './finding-list.store.ts'
import { REMEDIES, remediesOf } from './remedy.ts'

const texts = (description: string) => Type.Optional(Type.Array(Type.String(), { description }))
const text = (description: string) => Type.Optional(Type.String({ description }))
const moment = (description: string) => Type.Optional({ ...Moment, description })

/** Every field of any kind's evidence: see `EvidenceOf` for which kind has which. */
const EvidenceWire = Type.Object(
  {
    secret_created_at: moment('no_expiry, not_rotated: of the current secret'),
    created_at: moment('never_used'),
    last_used_at: moment('unused'),
    unused_scopes: texts('over_scoped'),
    used_scopes: texts('over_scoped'),
    old_hint: text('rotation_overdue'),
    old_last_used_at: moment('rotation_overdue'),
    old_last_used_ip: Type.Optional(nullable(Type.String({ description: 'rotation_overdue' }))),
    new_hint: text('rotation_overdue'),
    new_last_used_at: moment('rotation_overdue'),
    started_at: moment('rotation_overdue'),
    ends_at: moment('rotation_overdue: of the overlap'),
    network: text('new_network, foreign_network: a /24, or a /48 of IPv6'),
    first_seen_at: moment('new_network'),
    last_seen_at: moment('new_network, foreign_network: to the day'),
    known_networks: texts('new_network: those of the first two weeks'),
    environments: texts('foreign_network: of the other keys that are used there'),
    keys_there: Type.Optional(
      Type.Integer({ description: 'foreign_network: other keys of the owner, counted up to 10' }),
    ),
    secret_hint: text('exposed'),
    exposed_at: moment('exposed'),
    unused_permissions: texts('over_permitted'),
    used_permissions: texts('over_permitted'),
    to: text('mail_given_up'),
    subject: text('mail_given_up'),
    answer: Type.Optional(
      nullable(Type.String({ description: 'mail_given_up: the last of the mail server' })),
    ),
    given_up_at: moment('mail_given_up'),
  },
  { description: 'By kind: the fields whose description names it' },
)

export const FindingWire = Type.Object(
  {
    id: Type.String(),
    kind: oneOf(FINDING_KINDS),
    holder: Type.Object({
      kind: oneOf(FINDING_HOLDERS),
      id: Type.String(),
      name: nullable(Type.String({ description: "A grant has its client's, a mail its subject" })),
    }),
    subject: Type.String({
      description: 'A secret or a network, where the kind is about one of them; else the id of the holder',
    }),
    owner_id: nullable(Type.String({ description: "null: the API provider's own" })),
    environment: nullable(Type.String()),
    first_seen_at: Moment,
    state: oneOf(FINDING_STATES, '`open` again when an acceptance is over'),
    evidence: EvidenceWire,
    remedies: Type.Array(oneOf(REMEDIES), {
      description: 'Of `POST /v1/findings/{id}/remedy`; the one that hurts least first',
    }),
    acceptance: nullable(
      Type.Object({ at: Moment, until: Moment, by: Type.String(), reason: Type.String() }),
    ),
  },
  { title: 'Finding' },
)

export const FindingPage = pageWire(FindingWire)

const filter = {
  kind: Type.Optional(oneOf(FINDING_KINDS)),
  owner_id: Type.Optional(OwnerId),
  environment: Type.Optional(EnvironmentName),
  holder_id: Type.Optional(
    Type.String({ pattern: '^(key|adm|cli|grt|eml)_[A-Za-z0-9]{1,40}$', description: 'Of one holder' }),
  ),
  state: Type.Optional(oneOf(FINDING_STATES, 'Default: both')),
}
export const FindingFilterQuery = strictObject(filter)
export const FindingListQuery = strictObject({
  ...filter,
  limit: Type.Optional(Limit),
  cursor: Type.Optional(Cursor),
})
export const FindingCountQuery = strictObject({
  owner_id: filter.owner_id,
  environment: filter.environment,
  holder_id: filter.holder_id,
})

const CountWire = Type.Object({
  count: Type.Integer(),
  at_least: Type.Boolean({ description: 'True: there may be more' }),
})

export const FindingCountsWire = Type.Object({
  kinds: Type.Array(Type.Object({ kind: oneOf(FINDING_KINDS), open: CountWire, accepted: CountWire })),
})

export const FindingParams = strictObject({ id: idOf('fnd') })

export const AcceptanceWire = strictObject({
  reason: plainText(500, 'For the audit log, and for those who see the finding'),
  until: { ...Moment, description: 'Later than now, and within a year. Then it is open again' },
})

const days = (description: string) =>
  Type.Integer({ minimum: 1, maximum: MAX_SETTING_DAYS, default: 90, description })

export const FindingSettingsWire = Type.Object({
  unused_after_days: Type.Integer(),
  rotate_after_days: Type.Integer(),
  weekly_mail: Type.Boolean(),
})

export const NewFindingSettingsWire = strictObject({
  unused_after_days: Type.Optional(days('Without a use in this time something is unused, or never used')),
  rotate_after_days: Type.Optional(days('A secret that is older was not rotated')),
  weekly_mail: Type.Optional(
    Type.Boolean({ default: true, description: 'Each week a mail to those whom open findings concern' }),
  ),
})

export function toFindingWire(finding: Finding, name: string | null, now: Date) {
  const { id, kind, subject, evidence, holder, ownerId, environment, firstSeenAt, acceptance } = finding
  const state = stateOf(finding, now)
  return {
    ...{ id, kind, holder: { ...holder, name }, subject },
    ...{ owner_id: ownerId, environment, first_seen_at: iso(firstSeenAt), state, evidence },
    remedies: remediesOf(kind, holder.kind),
    acceptance:
      acceptance === null || state === 'open'
        ? null
        : { ...acceptance, at: iso(acceptance.at), until: iso(acceptance.until) },
  }
}

export function toCountsWire(counts: readonly CountOfKind[]) {
  const toWire = ({ count, atLeast }: CountOfKind['open']) => ({ count, at_least: atLeast })
  return {
    kinds: counts.map(({ kind, open, accepted }) => ({
      ...{ kind, open: toWire(open), accepted: toWire(accepted) },
    })),
  }
}

export function toSettingsWire({ unusedAfterDays, rotateAfterDays, weeklyMail }: FindingSettings) {
  return { unused_after_days: unusedAfterDays, rotate_after_days: rotateAfterDays, weekly_mail: weeklyMail }
}
