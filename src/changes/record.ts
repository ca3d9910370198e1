import { appendEvents } from '../audit/append-events.ts'
import type { ActionThatAlters, AuditAction } from '../audit/audit-action.ts'
import type { NewEvent, Origin } from '../audit/audit-event.ts'
import type { Tx } from '../db/schema.ts'
import { announce } from './announce.store.ts'
import { type AlteredVerdicts, MAX_HASHES } from './change.ts'

/** Required, optional or forbidden, as the table of actions has it: no change can be written without its announcement. */
type Announced<A extends AuditAction> =
  A extends ActionThatAlters<'always'>
    ? { readonly altersVerdictsOf: AlteredVerdicts | readonly [AlteredVerdicts, ...AlteredVerdicts[]] }
    : A extends ActionThatAlters<'sometimes'>
      ? { readonly altersVerdictsOf: AlteredVerdicts | readonly AlteredVerdicts[] | 'nothing' }
      : { readonly altersVerdictsOf?: never }

/** One action of a use case: its audit event, and whose verdicts it alters. */
type Recorded<A extends AuditAction = AuditAction> = A extends AuditAction
  ? NewEvent<A> & Announced<A>
  : never

/** The same action on several targets: an event for each, and one announcement for all. */
type RecordedForAll<A extends AuditAction = AuditAction> = A extends AuditAction
  ? { readonly action: A; readonly events: readonly Omit<NewEvent<A>, 'action'>[] } & Announced<A>
  : never

/**
 * Writes the audit event of a change and announces the change to verifiers, in the transaction of the change itself. It
 * locks the head of the audit log until the commit: call it last.
 */
export async function record(tx: Tx, origin: Origin, event: Recorded): Promise<void> {
  const { action, target, detail, altersVerdictsOf } = event
  await announceEach(tx, origin, action, altersVerdictsOf)
  await appendEvents(tx, origin, [{ action, target, detail } as NewEvent])
}

/** Like {@link record}, for many targets; for none it does nothing. */
export async function recordForAll(tx: Tx, origin: Origin, all: RecordedForAll): Promise<void> {
  const { action, events, altersVerdictsOf } = all
  if (events.length === 0) return
  await announceEach(tx, origin, action, altersVerdictsOf)
  await appendEvents(
    tx,
    origin,
    events.map((event) => ({ ...event, action }) as NewEvent),
  )
}

/**
 * Announces a change without an audit event. Only for what strangers made and no user has allowed: they could change it
 * without end, and nobody can empty the audit log (AUD-12).
 */
export async function announceOnly(
  tx: Tx,
  now: Date,
  action: ActionThatAlters<'sometimes'>,
  altered: AlteredVerdicts,
): Promise<void> {
  await announce(tx, now, action, altered)
}

/** Announcements of many secrets. More in one would be told as owners, whose other keys had nothing changed. */
export function inAnnouncements(secretIds: readonly string[]): AlteredVerdicts[] {
  return Array.from({ length: Math.ceil(secretIds.length / MAX_HASHES) }, (_, n) => ({
    secretIds: secretIds.slice(n * MAX_HASHES, (n + 1) * MAX_HASHES),
  }))
}

async function announceEach(
  tx: Tx,
  origin: Origin,
  action: AuditAction,
  altered: AlteredVerdicts | readonly AlteredVerdicts[] | 'nothing' = 'nothing',
): Promise<void> {
  if (altered === 'nothing') return
  for (const each of [altered].flat()) await announce(tx, origin.now, action, each)
}
