import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { paths } from '../paths.ts'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Filtered } from '../ui/filtered.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Empty } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { Time } from '../ui/time.tsx'
import { useUrlQuery } from '../ui/url-query.ts'
import { appWords } from '../words/app.ts'
import { deadWords as words } from '../words/dead-credentials.ts'
import { keyWords } from '../words/keys.ts'
import { outcomeName } from '../words/outcomes.ts'
import { countWords } from '../words/time-words.ts'
import { type DeadCredential, deadCredentialsQuery } from './dead-credentials.queries.ts'

const COLUMNS: readonly Column<DeadCredential>[] = [
  {
    id: 'key',
    head: keyWords.key,
    cell: ({ key_id, key_name, hint }) => (
      <span className="two-lines">
        <Link to={paths.key.to(key_id)}>{key_name}</Link>
        <code className="soft">{hint}</code>
      </span>
    ),
  },
  {
    id: 'owner',
    head: keyWords.owner,
    cell: ({ owner_id }) => (
      <Link className="quiet-link" to={paths.deadCredentials.to({ owner_id })}>
        {owner_id}
      </Link>
    ),
  },
  { id: 'environment', head: keyWords.environment, cell: ({ environment }) => environment },
  {
    id: 'reason',
    head: words.reason,
    cell: ({ reason, since }) => (
      <>
        {outcomeName(reason)} <span className="soft">{since !== null && <Time at={since} />}</span>
      </>
    ),
  },
  { id: 'last', head: words.lastCall, cell: ({ last_at }) => <Time at={last_at} /> },
  {
    id: 'from',
    head: appWords.from,
    cell: ({ last_ip, last_user_agent }) => (
      <span className="two-lines">
        <code>{last_ip ?? appWords.unknown}</code>
        <span className="soft">{last_user_agent}</span>
      </span>
    ),
  },
  {
    id: 'calls',
    head: words.calls,
    align: 'end',
    cell: ({ calls_last_day: calls }) => countWords(calls),
  },
]

/** Secrets that have ended and are presented all the same: by them a forgotten server is found. */
export default function DeadCredentialsPage() {
  const { query, set } = useUrlQuery(['owner_id'])
  const pages = useInfiniteQuery(deadCredentialsQuery(query))
  return (
    <Page
      title={words.title}
      lead={words.lead}
      above={[{ to: paths.keys.to({ state: 'live' }), words: keyWords.title }]}
    >
      <Filtered by={[[keyWords.owner, query.owner_id, () => set({ owner_id: undefined })]]} />
      <Loaded query={pages}>
        {({ pages: shown }) => {
          const rows = shown.flatMap(({ data }) => data)
          return rows.length === 0 ? (
            <Empty title={words.noneTitle}>
              <p>{words.none}</p>
            </Empty>
          ) : (
            <>
              <DataTable
                caption={words.title}
                columns={COLUMNS}
                rows={rows}
                idOf={({ secret_id, reason }) => `${secret_id} ${reason}`}
              />
              <Pager shown={rows.length} pages={pages} />
            </>
          )
        }}
      </Loaded>
    </Page>
  )
}
