import { Link } from 'wouter'
import { paths } from '../paths.ts'
import { boundedWords } from '../ui/count-words.ts'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Notice } from '../ui/notice.tsx'
import { overviewWords as words } from '../words/overview.ts'
import type { Overview } from './overview.queries.ts'

type Line = Overview['attention'][number]

const COLUMNS: readonly Column<Line>[] = [
  {
    id: 'what',
    head: words.what,
    cell: ({ code }) => (
      <>
        <strong>{words.codes[code]?.[0] ?? code}</strong>
        <br />
        <span className="soft">{words.codes[code]?.[1]}</span>
      </>
    ),
  },
  { id: 'keys', head: words.keys, align: 'end', cell: ({ keys }) => boundedWords(keys) },
  {
    id: 'show',
    head: words.show,
    isUnseenHead: true,
    align: 'end',
    cell: ({ code, query }) => (
      <Link
        to={query === null ? paths.deadCredentials.to() : paths.keys.to(query)}
        aria-label={words.showOf(words.codes[code]?.[0] ?? code)}
      >
        {words.show}
      </Link>
    ),
  },
]

/** Attention list; each line leads to the list of its keys. */
export function AttentionList({ attention }: { readonly attention: readonly Line[] }) {
  const lines = attention.filter(({ keys }) => keys.count > 0)
  return lines.length === 0 ? (
    <Notice kind="good">
      <p>{words.nothing}</p>
    </Notice>
  ) : (
    <DataTable caption={words.attentionCaption} columns={COLUMNS} rows={lines} idOf={({ code }) => code} />
  )
}
