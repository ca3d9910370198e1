import { useQuery } from '@tanstack/react-query'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Badge } from '../ui/notice.tsx'
import { Time } from '../ui/time.tsx'
import { appWords } from '../words/app.ts'
import { arrivalWords as words } from '../words/arrival.ts'
import { type VerifiersAnswer, verifiersQuery } from './verifiers.queries.ts'

type Verifier = VerifiersAnswer['data'][number]

const KINDS = { current: 'good', behind: 'warn', silent: 'plain' } as const

const COLUMNS: readonly Column<Verifier>[] = [
  {
    id: 'name',
    head: words.name,
    cell: ({ name, kind, version, ip }) => (
      <>
        {name ?? words.nameless[kind]}{' '}
        <span className="soft">
          {[words.kinds[kind], version, ip].filter((each) => each !== null).join(' · ')}
        </span>
      </>
    ),
  },
  {
    id: 'state',
    head: words.state,
    cell: ({ state, changes_behind }) => (
      <>
        <Badge kind={KINDS[state]}>{words.states[state]}</Badge>{' '}
        {state === 'behind' && (changes_behind === null ? words.behindAll : words.behind(changes_behind))}
      </>
    ),
  },
  { id: 'seen', head: words.seen, cell: ({ last_seen_at }) => <Time at={last_seen_at} /> },
  { id: 'since', head: words.since, cell: ({ started_at }) => <Time at={started_at} /> },
]

/** How many verifiers there are, by state, in one line. */
export function VerifiersInShort() {
  const { data } = useQuery(verifiersQuery)
  if (data === undefined) return <>{appWords.unknown}</>
  const { current, behind, silent, not_reporting } = data.counts
  return (
    <>
      {words.summary(current, behind, silent)}
      {not_reporting > 0 && <span className="hint">{words.notCounted(not_reporting)}</span>}
    </>
  )
}

/** The list of verifiers, folded. */
export function VerifiersList() {
  const verifiers = useQuery(verifiersQuery)
  return (
    <details className="more">
      <summary>{words.verifiers}</summary>
      <Loaded query={verifiers}>
        {({ data }) => (
          <>
            <DataTable
              caption={words.verifiersCaption}
              columns={COLUMNS}
              rows={data}
              idOf={({ reported_by, id }) => `${reported_by} ${id}`}
            />
            {data.every(({ kind }) => kind === 'server') && (
              <p className="hint">{words.noSdk(data.length)}</p>
            )}
          </>
        )}
      </Loaded>
    </details>
  )
}
