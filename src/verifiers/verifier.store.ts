import { type RawBuilder, sql } from 'kysely'
import { addSeconds } from '../base/clock.ts'
import { RUN } from '../changes/change.store.ts'
import type { Bookmark } from '../changes/change.ts'
import { affected, forgetBefore } from '../db/in-batches.ts'
import type { Db } from '../db/schema.ts'
import type { Witness } from './arrival.ts'
import {
  BEHIND_SECONDS,
  KEPT_SECONDS,
  MAX_OF_ADMIN_KEY,
  MAX_VERIFIERS,
  SERVER,
  type Verifier,
  type VerifierKind,
} from './verifier.ts'

/** Report of a verifier about itself, with the moment at which it arrived. */
export interface VerifierReport extends Omit<Verifier, 'position'> {
  /** The last change that it has applied; null: none, or of a history that nobody knows. */
  readonly applied: Bookmark | null
  /** True: it stops. */
  readonly isLeaving: boolean
}

/** A verifier is named by its own id and the admin key with which it reports: no other admin key can speak for it. */
export type VerifierName = Pick<Verifier, 'reportedBy' | 'id'>

/** Longer than changes are kept, so that each finds its witnesses, servers that have stopped included. */
const EVIDENCE_KEPT_SECONDS = 2 * 3600

/**
 * Saves the reports of different verifiers, in one statement however many they are. A position counts if the outbox has it
 * with the same token, in the same run of the database; of any other, only the sign of life is kept.
 *
 * @returns those that were taken: the others would be too many
 */
export async function saveReports(
  db: Db,
  reports: readonly VerifierReport[],
): Promise<readonly VerifierName[]> {
  const { rows } = await sql<{ reported_by: string; id: string }>`
    with report as (
      select * from ${unnested(reports)}
    ), head as (
      select pruned_to, pruned_token, ${RUN} as run from changes_head
    ), tally as (
      select reported_by, count(*)::int as n from verifiers
      where reported_by in (select reported_by from report) group by reported_by
    ), counted as (
      select
        report.*, head.run as current_run,
        case when report.run = head.run and report.token = coalesce(
          here.token, case when report.position = head.pruned_to then head.pruned_token end
        )::text then report.position end as believed,
        known.number is not null or report.reported_by = ${SERVER} as is_admitted,
        row_number() over (partition by report.reported_by, known.number is null order by report.id)
          + coalesce(tally.n, 0) as nth,
        row_number() over (partition by known.number is null order by report.reported_by, report.id)
          + (select count(*) from verifiers) as nth_of_all
      from report
      cross join head
      left join changes as here on here.position = report.position
      left join tally on tally.reported_by = report.reported_by
      left join verifiers as known
        on known.reported_by = report.reported_by and known.id = report.id and known.run = head.run
    ), taken as (
      insert into verifiers (
        reported_by, id, run, kind, name, version, ip,
        started_at, seen_at, position, applied_at, bound_ms, not_reporting, left_at
      )
      select
        reported_by, id, current_run, kind, name, version, ip,
        started_at, seen_at, believed, applied_at, bound_ms, not_reporting, case when is_leaving then seen_at end
      from counted
      where is_admitted or (nth <= ${MAX_OF_ADMIN_KEY} and nth_of_all <= ${MAX_VERIFIERS})
      order by reported_by, id
      on conflict (reported_by, id, run) do update set
        name = excluded.name, version = excluded.version, ip = excluded.ip, started_at = excluded.started_at,
        seen_at = excluded.seen_at, bound_ms = excluded.bound_ms, not_reporting = excluded.not_reporting,
        position = excluded.position, left_at = excluded.left_at,
        applied_at = case
          when excluded.position = verifiers.position then least(verifiers.applied_at, excluded.applied_at)
          else excluded.applied_at
        end
      returning number, reported_by, id, position, applied_at
    ), noted as (
      insert into applied_changes (verifier, position, applied_at)
      select number, position, applied_at from taken where position is not null
      on conflict do nothing
    )
    select reported_by, id from taken`.execute(db)
  return rows.map(({ reported_by: reportedBy, id }) => ({ reportedBy, id }))
}

/** Removes verifiers that stop. Servers stay, as evidence of when changes were committed. */
export async function removeVerifiers(db: Db, names: readonly VerifierName[]): Promise<void> {
  if (names.length === 0) return
  const reporters = names.map(({ reportedBy }) => reportedBy)
  const ids = names.map(({ id }) => id)
  await sql`
    delete from verifiers
    using unnest(${reporters}::text[], ${ids}::text[]) as gone (reported_by, id)
    where verifiers.reported_by = gone.reported_by and verifiers.id = gone.id`.execute(db)
}

export interface Verifiers {
  /** The position of the last change. */
  readonly head: number
  /** The position of the last change that every verifier should have reported. */
  readonly due: number
  readonly verifiers: readonly Verifier[]
}

/** The verifiers that have reported lately, servers first. There are at most {@link MAX_VERIFIERS}. */
export async function listVerifiers(db: Db, now: Date): Promise<Verifiers> {
  const { rows: heads } = await sql<{ head: number; due: number }>`
    select
      head.position as head,
      coalesce((
        select position from changes where at <= ${addSeconds(now, -BEHIND_SECONDS)} order by at desc, position desc limit 1
      ), 0) as due
    from changes_head as head`.execute(db)
  const { rows } = await sql<VerifierRow>`
    select * from ${reportedSince(now)} as verifier
    order by kind desc, name, started_at, id`.execute(db)
  return { head: heads[0]?.head ?? 0, due: heads[0]?.due ?? 0, verifiers: rows.map(fromRow) }
}

/** A change, and who has applied it. */
export interface WitnessedChange {
  /** When it was committed, at the latest; null: no server has reported it yet. */
  readonly committedBy: Date | null
  readonly witnesses: readonly Witness[]
}

/**
 * Finds what was requested at a moment: the last change of those that have it.
 *
 * @returns null where no change of that moment is stored
 */
export async function findWitnessedChange(db: Db, at: Date, now: Date): Promise<WitnessedChange | null> {
  const { rows: changes } = await sql<{ position: number; committed_by: Date | null }>`
    select change.position, (
      select min(first.applied_at) from verifiers
      cross join lateral ${firstApplied(sql`verifiers.number`, sql`change.position`)} as first
      where verifiers.kind = 'server' and verifiers.run = ${RUN}
    ) as committed_by
    from (select position from changes where at = ${at} order by position desc limit 1) as change`.execute(db)
  const [change] = changes
  if (change === undefined) return null
  const { position, committed_by: committedBy } = change
  const { rows } = await sql<VerifierRow & { applied_it: Date | null }>`
    select
      verifier.*,
      case when verifier.position >= ${position} then coalesce(first.applied_at, verifier.applied_at) end as applied_it
    from ${reportedSince(now)} as verifier
    left join lateral ${firstApplied(sql`verifier.number`, sql`${position}::bigint`)} as first on true
    order by kind desc, name, started_at, id`.execute(db)
  return { committedBy, witnesses: rows.map((row) => ({ ...fromRow(row), appliedAt: row.applied_it })) }
}

/** When a verifier first reported a change, or a later one. */
function firstApplied(verifier: RawBuilder<unknown>, position: RawBuilder<unknown>) {
  return sql`(
    select applied_changes.applied_at from applied_changes
    where applied_changes.verifier = ${verifier} and applied_changes.position >= ${position}
    order by applied_changes.position limit 1
  )`
}

/** Forgets silent verifiers, and evidence that is older than any change. */
export async function pruneVerifiers(db: Db, now: Date): Promise<void> {
  const [silent, old] = [addSeconds(now, -KEPT_SECONDS), addSeconds(now, -EVIDENCE_KEPT_SECONDS)]
  await affected(
    db,
    sql`delete from verifiers where seen_at < case kind when 'server' then ${old}::timestamptz else ${silent} end`,
  )
  await forgetBefore(db, 'applied_changes', 'applied_at', old)
}

/**
 * The last row of each verifier. One that has not reported since the database began another history of changes has applied
 * none of it.
 */
function reportedSince(now: Date) {
  return sql`(
    select distinct on (reported_by, id)
      number, reported_by, id, kind, name, version, ip, started_at, seen_at,
      case when run = ${RUN} then position end as position, applied_at, bound_ms, not_reporting
    from verifiers where seen_at >= ${addSeconds(now, -KEPT_SECONDS)} and left_at is null
    order by reported_by, id, seen_at desc, number desc
  )`
}

interface VerifierRow {
  readonly reported_by: string
  readonly id: string
  readonly kind: VerifierKind
  readonly name: string | null
  readonly version: string | null
  readonly ip: string | null
  readonly started_at: Date
  readonly seen_at: Date
  readonly position: number | null
  readonly applied_at: Date
  readonly bound_ms: number | null
  readonly not_reporting: number
}

function fromRow(row: VerifierRow): Verifier {
  const { id, kind, name, version, ip, position } = row
  return {
    ...{ id, kind, name, version, ip, position, reportedBy: row.reported_by },
    ...{ startedAt: row.started_at, seenAt: row.seen_at, appliedAt: row.applied_at },
    ...{ boundMs: row.bound_ms, notReporting: row.not_reporting },
  }
}

/** The reports as rows of a table `reported`. */
function unnested(reports: readonly VerifierReport[]) {
  const list = <T>(of: (report: VerifierReport) => T) => reports.map(of)
  return sql`unnest(
    ${list(({ reportedBy }) => reportedBy)}::text[], ${list(({ id }) => id)}::text[],
    ${list(({ kind }) => kind)}::text[], ${list(({ name }) => name)}::text[],
    ${list(({ version }) => version)}::text[], ${list(({ ip }) => ip)}::text[],
    ${list(({ startedAt }) => startedAt)}::timestamptz[], ${list(({ seenAt }) => seenAt)}::timestamptz[],
    ${list(({ applied }) => applied?.position ?? null)}::bigint[],
    ${list(({ applied }) => applied?.token ?? null)}::text[], ${list(({ applied }) => applied?.run ?? null)}::text[],
    ${list(({ appliedAt }) => appliedAt)}::timestamptz[], ${list(({ boundMs }) => boundMs)}::int[],
    ${list(({ notReporting }) => notReporting)}::int[], ${list(({ isLeaving }) => isLeaving)}::boolean[]
  ) as reported (
    reported_by, id, kind, name, version, ip, started_at, seen_at,
    position, token, run, applied_at, bound_ms, not_reporting, is_leaving
  )`
}
