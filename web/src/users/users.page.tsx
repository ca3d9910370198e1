import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { paths } from '../paths.ts'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Select } from '../ui/field.tsx'
import { Filtered } from '../ui/filtered.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Badge, Empty, Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { SearchField } from '../ui/search-field.tsx'
import { sortingOf } from '../ui/sorting.ts'
import { Time } from '../ui/time.tsx'
import { useUrlQuery } from '../ui/url-query.ts'
import { appWords } from '../words/app.ts'
import { userWords as words } from '../words/users.ts'
import { type User, usersQuery } from './users.queries.ts'

const COLUMNS: readonly Column<User>[] = [
  {
    id: 'user',
    head: words.user,
    sort: 'name',
    cell: ({ id, name, email }) => (
      <>
        <Link to={paths.user.to(id)}>{name}</Link> <span className="soft">{email}</span>
      </>
    ),
  },
  {
    id: 'state',
    head: words.state,
    cell: ({ disabled_at }) => (
      <Badge kind={disabled_at === null ? 'good' : 'warn'}>
        {disabled_at === null ? words.states.enabled : words.states.disabled}
      </Badge>
    ),
  },
  {
    id: 'owners',
    head: words.owners,
    cell: ({ owners }) =>
      owners.length === 0 ? (
        <span className="soft">{appWords.none}</span>
      ) : (
        <span title={owners.map(({ name }) => name).join(', ')}>
          {owners[0]?.name}
          {owners.length > 1 && <span className="soft"> +{owners.length - 1}</span>}
        </span>
      ),
  },
  {
    id: 'password',
    head: words.password,
    cell: ({ password_set_at }) => (password_set_at === null ? words.passwordNotSet : words.passwordSet),
  },
  {
    id: 'created',
    head: words.created,
    sort: 'created',
    order: 'descending',
    cell: (user) => <Time at={user.created_at} />,
  },
]

export default function UsersPage() {
  const { query, unknown, set } = useUrlQuery(['q', 'state', 'owner_id', 'sort'])
  const pages = useInfiniteQuery(usersQuery(query))
  const isFiltered = query.q !== undefined || query.state !== undefined || query.owner_id !== undefined
  return (
    <Page title={words.title} lead={words.lead}>
      {unknown.length > 0 && <Notice kind="warn">{appWords.unknownParameters(unknown)}</Notice>}
      <div className="filters">
        <SearchField label={words.search} value={query.q ?? ''} onSearch={(q) => set({ q })} />
        <Select
          label={words.state}
          value={query.state ?? ''}
          options={[['', appWords.any], ...Object.entries(words.states)]}
          onChange={(state) => set({ state })}
        />
      </div>
      <Filtered by={[[words.owners, query.owner_id, () => set({ owner_id: undefined })]]} />
      <Loaded query={pages}>
        {({ pages: shown }) => {
          const rows = shown.flatMap(({ data }) => data)
          return rows.length === 0 ? (
            <Empty title={isFiltered ? words.noMatchTitle : words.noneTitle}>
              <p>{isFiltered ? words.noMatch : words.none}</p>
            </Empty>
          ) : (
            <>
              <DataTable
                caption={words.caption}
                columns={COLUMNS}
                rows={rows}
                idOf={({ id }) => id}
                sorting={sortingOf(query.sort, 'created', (sort) => set({ sort }))}
              />
              <Pager shown={rows.length} pages={pages} />
            </>
          )
        }}
      </Loaded>
    </Page>
  )
}
