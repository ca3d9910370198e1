import { namesOf } from '../audit/audit-action.ts'
import { archivedTo } from '../audit/audit-archive.store.ts'
import {
  chainHead,
  countInPeriod,
  type EventPosition,
  eventsInPeriod,
  nearestEvent,
  type Period,
} from '../audit/audit-event.store.ts'
import type { Link } from '../audit/audit-event.ts'
import { type ChainCheck, EVENTS_OF_WALK, verifyChain } from '../audit/verify-chain.ts'
import { type NamedEvent, withActorNames } from '../audit-log/actor-name.store.ts'
import type { Db } from '../db/schema.ts'
import { findPolicy } from '../owners/policy.store.ts'
import { type ConfiguredPolicy, NO_RULES, type Policy, type PolicyRules, policyOf } from '../owners/policy.ts'
import { fromRuleFields, type RuleFields } from '../owners/policy-fields.ts'
import { EVENTS_OF_SECTION, MOST_COUNTED, SECTION_NAMES, type SectionName, sectionOf } from './evidence.ts'
import { type Subject, subjectsOf } from './subject.store.ts'

/** An event of the audit log, with the names of who acted and of what it is about. */
export interface EvidenceEvent {
  readonly event: NamedEvent
  readonly subject: Subject | null
}

/** A section: its first events, and how many there are. */
export interface Section {
  readonly name: SectionName
  readonly count: number
  readonly isCountExact: boolean
  /** One more than a document shows, where there are more. */
  readonly events: readonly EvidenceEvent[]
}

/** The policy of an environment at both ends of a period. */
export interface PolicyOfPeriod {
  readonly environment: string
  readonly atStart: Policy
  readonly atEnd: Policy
}

export interface Evidence {
  readonly policies: readonly PolicyOfPeriod[]
  readonly sections: readonly Section[]
  readonly head: Link
  /** Events up to this number were archived, and are in no section. */
  readonly archivedTo: number
  /** Of the first {@link EVENTS_OF_WALK} events, however many there are. */
  readonly check: ChainCheck
}

/** Reads what happened to credentials, policies and staff in a period. Bounded, however much that was. */
export async function readEvidence(db: Db, configured: ConfiguredPolicy, period: Period): Promise<Evidence> {
  const policies: PolicyOfPeriod[] = []
  for (const environment of configured.environments) {
    const at = async (moment: Date) =>
      policyOf(configured, environment, await rulesAt(db, environment, moment))
    policies.push({ environment, atStart: await at(period.from), atEnd: await at(period.to) })
  }
  const sections: Section[] = []
  for (const name of SECTION_NAMES) {
    const count = await countInPeriod(db, actionsOf(name), period, MOST_COUNTED)
    const events = await eventsOfSection(db, name, period, null, EVENTS_OF_SECTION + 1)
    sections.push({ name, count: Math.min(count, MOST_COUNTED), isCountExact: count <= MOST_COUNTED, events })
  }
  const { seq } = await archivedTo(db)
  const head = await chainHead(db)
  return {
    policies,
    sections,
    head,
    archivedTo: seq,
    check: await verifyChain(db, { limit: EVENTS_OF_WALK }),
  }
}

/** A page of a section, oldest first. */
export async function eventsOfSection(
  db: Db,
  name: SectionName,
  period: Period,
  after: EventPosition | null,
  limit: number,
): Promise<EvidenceEvent[]> {
  const found = await eventsInPeriod(db, actionsOf(name), period, after, limit)
  const subjects = await subjectsOf(db, found)
  const events = await withActorNames(db, found)
  return events.map((event) => ({ event, subject: subjects.get(event.targetId ?? '') ?? null }))
}

/** Former names too: older events have them. */
function actionsOf(name: SectionName): readonly string[] {
  return sectionOf(name).actions.flatMap((action) => namesOf(action))
}

/**
 * The rules of an environment at a moment, off the log: what the last change before it made of them, or what the first one
 * after it found. Where there is neither, they are as they are.
 */
async function rulesAt(db: Db, environment: string, at: Date): Promise<PolicyRules> {
  const change = { action: 'policy.changed', targetId: environment, at }
  const rulesIn = (detail: unknown) => ({ ...NO_RULES, ...fromRuleFields(detail as Partial<RuleFields>) })
  const last = await nearestEvent(db, 'before', change)
  if (last !== undefined) return rulesIn(last.detail.after)
  const next = await nearestEvent(db, 'from', change)
  if (next !== undefined) return rulesIn(next.detail.before)
  return (await findPolicy(db, environment))?.rules ?? NO_RULES
}
