import { type Column, DataTable } from '../ui/data-table.tsx'
import { Facts } from '../ui/notice.tsx'
import { Time } from '../ui/time.tsx'
import { appWords } from '../words/app.ts'
import { overviewWords as words } from '../words/overview.ts'
import type { Overview } from './overview.queries.ts'

type Health = NonNullable<Overview['health']>
type Job = NonNullable<Health['jobs']>[number]

const COLUMNS: readonly Column<Job>[] = [
  { id: 'job', head: words.job, cell: ({ name }) => <code>{name}</code> },
  {
    id: 'succeeded',
    head: words.succeeded,
    cell: ({ last_succeeded_at }) => <Time at={last_succeeded_at} />,
  },
  { id: 'failed', head: words.failed, cell: ({ last_failed_at }) => <Time at={last_failed_at} /> },
]

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
          ]}
        />
      </div>
      {jobs !== null && jobs.length > 0 && (
        <details className="more">
          <summary>{words.jobs}</summary>
          <DataTable caption={words.jobsCaption} columns={COLUMNS} rows={jobs} idOf={({ name }) => name} />
        </details>
      )}
    </>
  )
}
