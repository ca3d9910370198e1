import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { paths } from '../paths.ts'
import { ButtonLink } from '../ui/button.tsx'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Empty, Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { Time } from '../ui/time.tsx'
import { useUrlQuery } from '../ui/url-query.ts'
import { useWhyNot } from '../ui/why-not.ts'
import { appWords } from '../words/app.ts'
import { keyWords as words } from '../words/keys.ts'
import { KEY_PARAMETERS } from './key-parameters.ts'
import { KeyState } from './key-state.tsx'
import { type KeyRow, keysQuery } from './keys.queries.ts'
import { isNarrowed, KeysFilters, type KeysUrl } from './keys-filters.tsx'
import { SelectionBar, useChosenKeys } from './keys-selection.tsx'

const COLUMNS: readonly Column<KeyRow>[] = [
  {
    id: 'key',
    head: words.key,
    sort: 'name',
    order: 'ascending',
    cell: (key) => (
      <span className="two-lines">
        <Link to={paths.key.to(key.id)}>{key.name}</Link>
        <code className="soft">{key.hint}</code>
      </span>
    ),
  },
  {
    id: 'owner',
    head: words.owner,
    cell: (key) => (
      <Link className="quiet-link" to={paths.keys.to({ state: 'live', owner_id: key.owner_id })}>
        {key.owner_id}
      </Link>
    ),
  },
  { id: 'environment', head: words.environment, cell: (key) => key.environment },
  {
    id: 'state',
    head: words.state,
    cell: (key) => (
      <>
        <KeyState state={key.state} />
        {key.rotation !== null && <span className="soft"> {words.rotating}</span>}
      </>
    ),
  },
  {
    id: 'created',
    head: words.created,
    sort: 'created',
    order: 'descending',
    cell: (key) => <Time at={key.created_at} />,
  },
  {
    id: 'last_used',
    head: words.lastUsed,
    sort: 'last_used',
    order: 'descending',
    cell: (key) => <Time at={key.last_used_at} ifNone={words.noUse} />,
  },
  {
    id: 'expires',
    head: words.expires,
    sort: 'expires',
    order: 'ascending',
    cell: (key) => <Time at={key.expires_at} ifNone={appWords.never} />,
  },
]

/** All keys: where most visits begin. */
export default function KeysPage() {
  const url = useUrlQuery(KEY_PARAMETERS)
  const { query, unknown } = url
  const whyNot = useWhyNot()
  const create = (
    <ButtonLink to={paths.newKey.to()} whyNot={whyNot('keys:write')}>
      {words.create}
    </ButtonLink>
  )
  const pages = useInfiniteQuery(keysQuery(query))
  return (
    <Page title={words.title} lead={words.lead} actions={create}>
      {unknown.length > 0 && <Notice kind="warn">{appWords.unknownParameters(unknown)}</Notice>}
      <KeysFilters url={url} />
      <Loaded query={pages}>
        {({ pages: shown }) => {
          const rows = shown.flatMap(({ data }) => data)
          if (rows.length > 0 || pages.hasNextPage)
            return (
              <>
                <KeyTable rows={rows} url={url} />
                <Pager shown={rows.length} pages={pages} />
                <p className="hint">{words.accuracy}</p>
              </>
            )
          return isNarrowed(query) ? (
            <Empty title={words.noMatch}>
              <p>{words.noMatchHint}</p>
              <ButtonLink kind="quiet" to={paths.keys.to({ state: 'live' })}>
                {appWords.clearFilters}
              </ButtonLink>
            </Empty>
          ) : (
            <Empty title={words.noneTitle}>
              <p>{words.none}</p>
              {create}
            </Empty>
          )
        }}
      </Loaded>
    </Page>
  )
}

function KeyTable({
  rows,
  url: { query, set },
}: {
  readonly rows: readonly KeyRow[]
  readonly url: KeysUrl
}) {
  const chosen = useChosenKeys(rows, query)
  return (
    <>
      {chosen !== null && <SelectionBar chosen={chosen} query={query} />}
      <DataTable
        caption={words.caption}
        columns={COLUMNS}
        rows={rows}
        idOf={({ id }) => id}
        sorting={{ by: query.sort ?? 'created', choose: (sort) => set({ sort }) }}
        {...(chosen === null ? {} : { selection: chosen.selection })}
      />
    </>
  )
}
