import type { Secret } from '@doorward/sdk/kernel'
import { no, type Result, yes } from '../base/result.ts'
import { rehearse } from '../db/rehearse.ts'
import type { Tx } from '../db/schema.ts'
import { NOT_FOUND, type Problem, problem } from '../http/problem.ts'
import type { Caller } from '../management/caller.ts'
import { whyNotPermitted } from '../management/why-not-permitted.ts'
import { sharePolicies } from '../owners/policy.store.ts'
import { findFinding } from './finding.store.ts'
import type { Finding, FindingHolderKind } from './finding.ts'
import { findingReachOf } from './finding-reach.store.ts'
import { refreshFindings } from './refresh-findings.ts'
import { REMEDIES_OF_KEY } from './remedies-of-key.ts'
import { REMEDIES_OF_ADMIN_KEY, REMEDIES_OF_CLIENT, REMEDIES_OF_GRANT } from './remedies-of-others.ts'
import { lockFindingsBeside } from './remedy.store.ts'
import { REMEDY_ACTS, type Remedy, remediesOf } from './remedy.ts'
import { effectToken, type Refused, refusedBy, type Standing, type Uses } from './remedy-effect.ts'
import type { HolderActs, RemedyChoices, RemedyParts } from './remedy-parts.ts'
import { holdFindings } from './walk.store.ts'

export interface AskedRemedy extends RemedyChoices {
  readonly remedy: Remedy
  readonly dryRun: boolean
  /** Of the dry run that the real run follows. */
  readonly token: string | undefined
}

/** A remedy with its effect: what it has done, or in a dry run what it would do. */
export interface Remedied {
  readonly finding: Finding
  readonly remedy: Remedy
  readonly before: Standing
  readonly after: Standing
  readonly refused: Refused
  readonly uses: Uses
  readonly token: string
  /** The secret that a rotation minted; null in a dry run. */
  readonly secret: Secret | null
  /** The finding does not hold any more. */
  readonly closed: boolean
}

const HOLDERS: Readonly<Record<Exclude<FindingHolderKind, 'mail'>, HolderActs>> = {
  key: REMEDIES_OF_KEY,
  admin_key: REMEDIES_OF_ADMIN_KEY,
  client: REMEDIES_OF_CLIENT,
  grant: REMEDIES_OF_GRANT,
}

/**
 * Does what a finding calls for, by the use case of the act itself and with the permission that the act needs. A dry run is
 * the real run, undone: it meets the same refusals. The real run must come with the token of a dry run whose effect was
 * the same, so that nobody does what they did not see.
 */
export async function applyRemedy(
  tx: Tx,
  caller: Caller,
  parts: RemedyParts,
  id: string,
  asked: AskedRemedy,
): Promise<Result<Remedied, Problem>> {
  // Before any row is locked, as the acts themselves do it.
  await sharePolicies(tx)
  const reach = findingReachOf(caller)
  const found = await findFinding(tx, reach, id)
  if (found === undefined) return no(NOT_FOUND)
  const act = remediesOf(found.kind, found.holder.kind).includes(asked.remedy)
    ? REMEDY_ACTS[found.holder.kind][asked.remedy]
    : undefined
  if (act === undefined) return no(notApplicable(found))
  const fault = whyNotPermitted(caller, { ...act, isDangerous: act.isDangerous === true && !asked.dryRun })
  if (fault !== null) return no(fault)
  if (!asked.dryRun && asked.token === undefined) return no(NO_TOKEN)

  // Before the lock of the audit log, which an acceptance waits for with a finding locked.
  await holdFindings(tx)
  await lockFindingsBeside(tx, id)
  // The locks may have been waited for.
  const finding = await findFinding(tx, reach, id)
  if (finding === undefined) return no(NOT_FOUND)
  if (!asked.dryRun) return await carryOut(tx, caller, parts, finding, asked)
  const rehearsed = await rehearse(tx, () => carryOut(tx, caller, parts, finding, asked))
  return rehearsed.ok ? yes({ ...rehearsed.value, secret: null }) : rehearsed
}

async function carryOut(
  tx: Tx,
  caller: Caller,
  parts: RemedyParts,
  { id, holder: about }: Finding,
  { remedy, token, dryRun, ...choices }: AskedRemedy,
): Promise<Result<Remedied, Problem>> {
  const { now } = caller
  const holder = about.kind === 'mail' ? undefined : HOLDERS[about.kind]
  const act = holder?.acts[remedy]
  if (holder === undefined || act === undefined) throw new Error(`${remedy} is not an act on ${about.kind}`)
  const before = await holder.read(tx, caller, about.id)
  if (before === undefined) return no(NOT_FOUND)
  const refresh = async () => {
    await refreshFindings(tx, about, now)
    return await findFinding(tx, findingReachOf(caller), id)
  }
  const finding = await refresh()
  if (finding === undefined) return no(GONE)

  const uses = await holder.usesOf(tx, caller, about.id)
  const done = await act(tx, { ...caller, finding: id }, parts, finding, choices)
  if (!done.ok) return done
  const after = await holder.read(tx, caller, about.id)
  if (after === undefined) throw new Error(`${about.id} is gone after ${remedy}`)
  const refused = refusedBy(before, after, uses, now)
  const effect = effectToken({ id, remedy, ...choices, reason: null }, before, after, refused)
  if (!dryRun && effect !== token) return no(CHANGED)
  const closed = (await refresh()) === undefined
  return yes({ finding, remedy, before, after, refused, uses, token: effect, secret: done.value, closed })
}

function notApplicable({ kind, holder }: Finding): Problem {
  const remedies = remediesOf(kind, holder.kind).map((remedy) => `\`${remedy}\``)
  return problem(
    'remedy_not_applicable',
    remedies.length === 0
      ? `Nothing that can be done with a credential is a remedy of \`${kind}\`.`
      : `Remedies of \`${kind}\` here: ${remedies.join(', ')}.`,
  )
}

const NO_TOKEN = problem(
  'invalid_request',
  'Ask with `dry_run` first, and send the `token` of its answer with the real run.',
)

const GONE = problem(
  'finding_gone',
  'What the finding says is not so any more, so nothing was changed. It leaves the list within the hour.',
)

const CHANGED = problem(
  'finding_changed',
  'The remedy would do something else than the dry run said. Nothing was changed. Ask with `dry_run` again.',
)
