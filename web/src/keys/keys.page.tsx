import { useInfiniteQuery } from '@tanstack/react-query'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Select } from '../ui/field.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Badge, Empty, Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { Time } from '../ui/time.tsx'
import { useUrlQuery } from '../ui/url-query.ts'
import { appWords } from '../words/app.ts'
import { keyWords as words } from '../words/keys.ts'
import { type KeyRow, keysQuery } from './keys.queries.ts'

const KINDS = {
  active: 'good',
  disabled: 'warn',
  suspended: 'warn',
  expired: 'plain',
  revoked: 'plain',
} as const

const COLUMNS: readonly Column<KeyRow>[] = [
  {
    id: 'key',
    head: words.key,
    cell: (key) => (
      <>
        <strong>{key.name}</strong> <code className="soft">{key.hint}</code>
      </>
    ),
  },
  { id: 'owner', head: words.owner, cell: (key) => key.owner_id },
  { id: 'environment', head: words.environment, cell: (key) => key.environment },
  {
    id: 'state',
    head: words.state,
    cell: (key) => <Badge kind={KINDS[key.state]}>{words.states[key.state]}</Badge>,
  },
  { id: 'created', head: words.created, cell: (key) => <Time at={key.created_at} /> },
  { id: 'last_used', head: words.lastUsed, cell: (key) => <Time at={key.last_used_at} /> },
  { id: 'expires', head: words.expires, cell: (key) => <Time at={key.expires_at} /> },
]

export default function KeysPage() {
  const { query, unknown, set } = useUrlQuery(['state', 'environment', 'owner_id'])
  const pages = useInfiniteQuery(keysQuery(query))
  return (
    <Page title={words.title} lead={words.lead}>
      {unknown.length > 0 && <Notice kind="warn">{appWords.unknownParameters(unknown)}</Notice>}
      <div className="filters">
        <Select
          label={words.state}
          value={query.state ?? ''}
          options={[['', appWords.any], ...Object.entries(words.states)]}
          onChange={(state) => set({ state })}
        />
      </div>
      <Loaded query={pages}>
        {({ pages: shown }) => {
          const rows = shown.flatMap(({ data }) => data)
          return rows.length === 0 ? (
            <Empty title={words.noneTitle}>
              <p>{words.none}</p>
            </Empty>
          ) : (
            <>
              <DataTable caption={words.caption} columns={COLUMNS} rows={rows} idOf={({ id }) => id} />
              <Pager shown={rows.length} pages={pages} />
            </>
          )
        }}
      </Loaded>
    </Page>
  )
}
