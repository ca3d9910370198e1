import { type Column, DataTable } from '../ui/data-table.tsx'
import { Facts } from '../ui/notice.tsx'
import { Time } from '../ui/time.tsx'
import { VerifiersInShort, VerifiersList } from '../verifiers/verifiers.part.tsx'
import { appWords } from '../words/app.ts'
import { arrivalWords } from '../words/arrival.ts'
import { overviewWords as words } from '../words/overview.ts'
import type { Overview } from './overview.queries.ts'

type Health = NonNullable<Overview['health']>
type Job = Health['jobs'][number]

const COLUMNS: readonly Column<Job>[] = [
  { id: 'job', head: words.job, cell: ({ summary }) => summary },
  { id: 'last', head: words.lastRun, cell: ({ last_started_at }) => <Time at={last_started_at} /> },
  {
    id: 'took',
    head: words.took,
    align: 'end',
    cell: ({ took_ms }) => (took_ms === null ? '' : words.milliseconds(took_ms)),
  },
  { id: 'next', head: words.nextRun, cell: ({ next_run_at }) => <Time at={next_run_at} /> },
  { id: 'outcome', head: words.outcome, cell: outcomeOf },
]

function outcomeOf({ runner, error, failures, last_succeeded_at }: Job): string {
  if (runner !== null) return words.runsOn(runner)
  if (error !== null) return words.jobFailed(error, failures)
  return last_succeeded_at === null ? words.jobNotYet : words.jobDone
}

/** Health of the server that answered. */
export function HealthOfServer({ health }: { readonly health: Health }) {
  const { database_ms, feed_age_ms, revocation_lag: lag, jobs } = health
  return (
    <>
      <div className="card">
        <Facts
          facts={[
            [words.database, words.milliseconds(database_ms)],
            [
              words.feed,
              feed_age_ms === null ? appWords.unknown : words.feedAge(words.milliseconds(feed_age_ms)),
            ],
            [
              words.lag,
              lag === null
                ? words.noLag
                : words.lagOf(words.milliseconds(lag.p50_ms), words.milliseconds(lag.p99_ms), lag.changes),
            ],
            [arrivalWords.verifiers, <VerifiersInShort key="verifiers" />],
          ]}
        />
      </div>
      <VerifiersList />
      {jobs.length > 0 && (
        <details className="more">
          <summary>{words.jobs(jobs.filter(({ error }) => error !== null).length)}</summary>
          <DataTable caption={words.jobsCaption} columns={COLUMNS} rows={jobs} idOf={({ name }) => name} />
        </details>
      )}
    </>
  )
}
