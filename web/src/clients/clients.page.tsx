import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { useSession } from '../api/session.ts'
import { paths } from '../paths.ts'
import { ButtonLink } from '../ui/button.tsx'
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
import { useWhyNot } from '../ui/why-not.ts'
import { appWords } from '../words/app.ts'
import { clientWords as words } from '../words/clients.ts'
import { type Client, clientsQuery } from './clients.queries.ts'
import { STATE_KINDS } from './state-kinds.ts'

const COLUMNS: readonly Column<Client>[] = [
  {
    id: 'app',
    head: words.app,
    sort: 'name',
    cell: ({ client_id, name }) => (
      <>
        <Link to={paths.client.to(client_id)}>{name}</Link> <code className="soft">{client_id}</code>
      </>
    ),
  },
  {
    id: 'state',
    head: words.state,
    cell: ({ state }) => <Badge kind={STATE_KINDS[state]}>{words.states[state]}</Badge>,
  },
  { id: 'type', head: words.type, cell: ({ type }) => words.types[type] },
  { id: 'source', head: words.source, cell: ({ source }) => words.sources[source] },
  {
    id: 'owner',
    head: words.owner,
    cell: ({ owner_id }) => owner_id ?? <span className="soft">{words.provider}</span>,
  },
  { id: 'environment', head: words.environment, cell: ({ environment }) => environment },
  {
    id: 'created',
    head: words.created,
    sort: 'created',
    order: 'descending',
    cell: (client) => <Time at={client.created_at} />,
  },
]

export default function ClientsPage() {
  const { query, unknown, set } = useUrlQuery(['q', 'state', 'source', 'environment', 'owner_id', 'sort'])
  const { environments } = useSession()
  const whyNot = useWhyNot()
  const pages = useInfiniteQuery(clientsQuery(query))
  const { sort: _, ...filters } = query
  const isFiltered = Object.keys(filters).length > 0
  const why = whyNot('clients:write')
  return (
    <Page
      title={words.title}
      lead={words.lead}
      actions={
        <>
          <ButtonLink kind="quiet" to={paths.clientSoftware.to()}>
            {words.software}
          </ButtonLink>
          <ButtonLink to={paths.newClient.to()} whyNot={why}>
            {words.register}
          </ButtonLink>
        </>
      }
    >
      {unknown.length > 0 && <Notice kind="warn">{appWords.unknownParameters(unknown)}</Notice>}
      <div className="filters">
        <SearchField label={words.search} value={query.q ?? ''} onSearch={(q) => set({ q })} />
        <Select
          label={words.state}
          value={query.state ?? ''}
          options={[['', appWords.any], ...Object.entries(words.states)]}
          onChange={(state) => set({ state })}
        />
        <Select
          label={words.source}
          value={query.source ?? ''}
          options={[['', appWords.any], ...Object.entries(words.sources)]}
          onChange={(source) => set({ source })}
        />
        {environments.length > 1 && (
          <Select
            label={words.environment}
            value={query.environment ?? ''}
            options={[['', appWords.any], ...environments.map((each) => [each, each] as const)]}
            onChange={(environment) => set({ environment })}
          />
        )}
      </div>
      <Filtered by={[[words.owner, query.owner_id, () => set({ owner_id: undefined })]]} />
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
                idOf={({ client_id }) => client_id}
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
