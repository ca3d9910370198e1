import { Link } from 'wouter'
import { paths } from '../paths.ts'
import { boundedWords } from '../ui/count-words.ts'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Time } from '../ui/time.tsx'
import { appWords } from '../words/app.ts'
import { scopeWords as words } from '../words/scopes.ts'
import type { ScopeHolders } from './scope.queries.ts'

type Holder = ScopeHolders['data'][number]

const COLUMNS: readonly Column<Holder>[] = [
  {
    id: 'holder',
    head: words.holder,
    cell: ({ kind, id, name, hint }) => (
      <>
        {kind === 'key' ? <Link to={paths.key.to(id)}>{name}</Link> : <strong>{name}</strong>}{' '}
        <span className="soft">{hint === null ? words.kinds[kind] : <code>{hint}</code>}</span>
      </>
    ),
  },
  { id: 'owner', head: words.owner, cell: ({ owner_id }) => owner_id ?? words.ownApp },
  { id: 'environment', head: words.environment, cell: ({ environment }) => environment },
  {
    id: 'used',
    head: words.lastUsed,
    cell: ({ kind, last_used_at }) =>
      kind === 'key' ? (
        <Time at={last_used_at} ifNone={appWords.unknown} />
      ) : (
        <span className="soft">{appWords.unknown}</span>
      ),
  },
]

/** Keys and apps that have a scope, those in use first. */
export function HolderTable({ holders }: { readonly holders: ScopeHolders }) {
  const { name, keys, clients, data } = holders
  if (data.length === 0) return <p className="soft">{words.noHolders}</p>
  return (
    <>
      <p className="section-lead">
        {words.counts(boundedWords(keys), clients && boundedWords(clients))}{' '}
        <Link to={paths.keys.to({ scope: name })}>{words.allKeys}</Link>
      </p>
      <DataTable
        caption={words.holdersCaption(name)}
        columns={COLUMNS}
        rows={data}
        idOf={({ kind, id }) => `${kind} ${id}`}
      />
    </>
  )
}
