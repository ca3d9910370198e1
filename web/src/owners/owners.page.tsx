import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { paths } from '../paths.ts'
import { RULES } from '../settings/policy-draft.part.ts'
import { ButtonLink } from '../ui/button.tsx'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Select } from '../ui/field.tsx'
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
import { ownerWords as words } from '../words/owners.ts'
import { countWords, durationWords } from '../words/time-words.ts'
import type { Owner } from './owner.queries.ts'
import { ownersQuery } from './owners.queries.ts'

const COLUMNS: readonly Column<Owner>[] = [
  {
    id: 'owner',
    head: words.owner,
    sort: 'name',
    cell: ({ id, name }) => (
      <>
        <Link to={paths.owner.to(id)}>{name ?? id}</Link>{' '}
        {name !== null && <code className="soft">{id}</code>}
      </>
    ),
  },
  {
    id: 'state',
    head: words.state,
    cell: ({ suspended_at }) => (
      <Badge kind={suspended_at === null ? 'good' : 'warn'}>
        {suspended_at === null ? words.states.active : words.states.suspended}
      </Badge>
    ),
  },
  {
    id: 'notice',
    head: words.notice,
    cell: ({ notice_contacts }) =>
      notice_contacts.length === 0 ? (
        <span className="soft">{appWords.none}</span>
      ) : (
        notice_contacts.join(', ')
      ),
  },
  { id: 'limits', head: words.ownLimits, cell: (owner) => <OwnLimits owner={owner} /> },
  {
    id: 'created',
    head: words.created,
    sort: 'created',
    order: 'descending',
    cell: (owner) => <Time at={owner.created_at} />,
  },
]

export default function OwnersPage() {
  const { query, unknown, set } = useUrlQuery(['q', 'state', 'sort'])
  const whyNot = useWhyNot()
  const pages = useInfiniteQuery(ownersQuery(query))
  const isFiltered = query.q !== undefined || query.state !== undefined
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
      <Loaded query={pages}>
        {({ pages: shown }) => {
          const rows = shown.flatMap(({ data }) => data)
          if (rows.length === 0)
            return isFiltered ? (
              <Empty title={words.noMatchTitle}>
                <p>{words.noMatch}</p>
              </Empty>
            ) : (
              <Empty title={words.noneTitle}>
                <p>{words.none}</p>
                <p>
                  <ButtonLink to={paths.newKey.to()} whyNot={whyNot('keys:write')}>
                    {words.createKey}
                  </ButtonLink>
                </p>
              </Empty>
            )
          return (
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

function OwnLimits({ owner }: { readonly owner: Owner }) {
  const { max_keys, max_lifetime_seconds, rate_limits, quota } = owner
  const others = RULES.filter(
    (name) => name !== 'max_keys' && name !== 'max_lifetime_seconds' && owner[name] !== null,
  ).length
  const said = [
    max_keys === null ? null : words.ownLimit.keys(max_keys),
    max_lifetime_seconds === null ? null : words.ownLimit.lifetime(durationWords(max_lifetime_seconds)),
    others === 0 ? null : words.ownLimit.rules(others),
    rate_limits.length === 0 ? null : words.ownLimit.rates(rate_limits.length),
    quota === null ? null : words.ownLimit.quota(countWords(quota.limit), quota.period),
  ].filter((each) => each !== null)
  return said.length === 0 ? <span className="soft">{words.ownLimitsNone}</span> : said.join(', ')
}
