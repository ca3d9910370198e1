import { isDeepStrictEqual } from 'node:util'
import type { Tx } from '../db/schema.ts'
import { detect } from './detect.ts'
import { deleteFindings, findingsOfHolders, findSettings, putFindings } from './finding.store.ts'
import type { FindingHolder, FindingHolderKind, FindingSettings, Found } from './finding.ts'
import { FACTS_OF } from './holders.ts'
import { holdFindings } from './walk.store.ts'

/**
 * Looks at one holder again, so that a change of it shows at once: what does not hold any more is deleted, and what is
 * new is stored. Call it after the change, in its transaction.
 */
export async function refreshFindings(tx: Tx, holder: FindingHolder, now: Date): Promise<void> {
  await refreshHolders(tx, holder.kind, [holder.id], await findSettings(tx), now)
}

/** The same for some holders of a kind. */
export async function refreshHolders(
  tx: Tx,
  kind: FindingHolderKind,
  ids: readonly string[],
  settings: FindingSettings,
  now: Date,
): Promise<void> {
  await holdFindings(tx)
  const facts = await FACTS_OF[kind](tx, ids, now)
  const stored = await findingsOfHolders(tx, kind, ids)
  const known = new Map(stored.map((finding) => [nameOf(finding.holder.id, finding), finding]))
  const found = facts.flatMap((each) =>
    detect(each, settings, now).map((one) => ({ ...one, facts: each, name: nameOf(each.holder.id, one) })),
  )
  const names = new Set(found.map(({ name }) => name))
  await deleteFindings(
    tx,
    stored.filter((finding) => !names.has(nameOf(finding.holder.id, finding))).map(({ id }) => id),
  )
  const changed = found.filter(
    ({ name, evidence }) => !isDeepStrictEqual(known.get(name)?.evidence, evidence),
  )
  await putFindings(tx, changed, now)
}

/** Names a finding, as its id does. */
function nameOf(holderId: string, { kind, subject }: Pick<Found, 'kind' | 'subject'>): string {
  return `${holderId} ${kind} ${subject}`
}
