import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { FINDING_KINDS, FINDING_STATES } from '../../../src/findings/finding.ts'
import { SERVER_BASE } from '../api/base.ts'
import { useSession } from '../api/session.ts'
import { paths, searchText } from '../paths.ts'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Select } from '../ui/field.tsx'
import { Filtered } from '../ui/filtered.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Badge, Empty, Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { Time } from '../ui/time.tsx'
import { useUrlQuery } from '../ui/url-query.ts'
import { appWords } from '../words/app.ts'
import { findingWords as words } from '../words/findings.ts'
import { type FindingRow, findingsQuery } from './findings.queries.ts'
import { Holder, holderName } from './holder.tsx'

/** Findings over all credentials: what is wrong, since when, and a page for each with what helps. */
export default function FindingsPage() {
  const { query, unknown, set } = useUrlQuery(['kind', 'state', 'environment', 'owner_id', 'holder_id'])
  const pages = useInfiniteQuery(findingsQuery(query))
  const { environments } = useSession()
  const isFiltered = Object.values(query).some((value) => value !== undefined)
  return (
    <Page
      title={words.title}
      lead={words.lead}
      actions={
        <a
          className="button quiet"
          href={`${SERVER_BASE}/v1/findings.csv${searchText(query)}`}
          download="findings.csv"
        >
          {words.exportCsv}
        </a>
      }
    >
      {unknown.length > 0 && <Notice kind="warn">{appWords.unknownParameters(unknown)}</Notice>}
      <div className="filters">
        <Select
          label={words.kindsFilter}
          value={query.kind ?? ''}
          options={[['', appWords.any], ...FINDING_KINDS.map((kind) => [kind, words.kinds[kind]] as const)]}
          onChange={(kind) => set({ kind })}
        />
        <Select
          label={words.state}
          value={query.state ?? ''}
          options={[
            ['', appWords.any],
            ...FINDING_STATES.map((state) => [state, words.states[state]] as const),
          ]}
          onChange={(state) => set({ state })}
        />
        <Select
          label={words.environment}
          value={query.environment ?? ''}
          options={[['', appWords.any], ...environments.map((each) => [each, each] as const)]}
          onChange={(environment) => set({ environment })}
        />
      </div>
      <Filtered
        by={[
          [words.owner, query.owner_id, () => set({ owner_id: undefined })],
          [words.holder, query.holder_id, () => set({ holder_id: undefined })],
        ]}
      />
      <Loaded query={pages}>
        {({ pages: shown }) => {
          const rows = shown.flatMap(({ data }) => data)
          return rows.length === 0 ? (
            <Empty title={isFiltered ? words.noMatchTitle : words.noneTitle}>
              <p>{isFiltered ? words.noMatch : words.none}</p>
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

const COLUMNS: readonly Column<FindingRow>[] = [
  {
    id: 'kind',
    head: words.kind,
    cell: (finding) => (
      <span className="two-lines">
        <Link
          to={paths.finding.to(finding.id)}
          aria-label={words.open(words.kinds[finding.kind], holderName(finding))}
        >
          {words.kinds[finding.kind]}
        </Link>
        <span className="soft">{words.evidenceOf(finding.kind, finding.evidence)}</span>
      </span>
    ),
  },
  { id: 'holder', head: words.holder, cell: (finding) => <Holder finding={finding} /> },
  {
    id: 'owner',
    head: words.owner,
    cell: ({ owner_id }) =>
      owner_id === null ? (
        <span className="soft">{words.provider}</span>
      ) : (
        <Link className="quiet-link" to={paths.findings.to({ owner_id })}>
          {owner_id}
        </Link>
      ),
  },
  {
    id: 'environment',
    head: words.environment,
    cell: ({ environment }) => environment ?? <span className="soft">{words.noEnvironment}</span>,
  },
  {
    id: 'state',
    head: words.state,
    cell: ({ state }) => <Badge kind={state === 'open' ? 'warn' : 'plain'}>{words.states[state]}</Badge>,
  },
  { id: 'since', head: words.since, cell: ({ first_seen_at }) => <Time at={first_seen_at} /> },
]
