import { Link } from 'wouter'
import { useCan } from '../api/session.ts'
import { paths } from '../paths.ts'
import { boundedWords } from '../ui/count-words.ts'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Badge } from '../ui/notice.tsx'
import { Time } from '../ui/time.tsx'
import { overviewWords as words } from '../words/overview.ts'
import { rotateWords } from '../words/rotate-key.ts'
import type { Overview } from './overview.queries.ts'

type Rotation = Overview['rotations']['data'][number]

const columnsFor = (mayRotate: boolean): readonly Column<Rotation>[] => [
  {
    id: 'key',
    head: words.key,
    cell: ({ key_id, name }) => <Link to={(mayRotate ? paths.rotateKey : paths.key).to(key_id)}>{name}</Link>,
  },
  { id: 'owner', head: words.owner, cell: ({ owner_id }) => <span className="whole">{owner_id}</span> },
  { id: 'ends', head: words.ends, cell: ({ ends_at }) => <Time at={ends_at} /> },
  {
    id: 'advice',
    head: words.advice,
    cell: ({ verdict: { safe_to_finish, code, at } }) => (
      <>
        {safe_to_finish && <Badge kind="good">{words.safe}</Badge>} {rotateWords.reasons[code]}
        {at !== null && (
          <span className="soft">
            {' '}
            {rotateWords.lastUseOfOld} <Time at={at} />.
          </span>
        )}
      </>
    ),
  },
]

export function RotationsUnderWay({ rotations }: { readonly rotations: Overview['rotations'] }) {
  const can = useCan()
  const { running, data } = rotations
  if (data.length === 0) return <p className="soft">{words.noRotations}</p>
  return (
    <>
      <DataTable
        caption={words.rotationsCaption}
        columns={columnsFor(can('keys:write'))}
        rows={data}
        idOf={({ key_id }) => key_id}
      />
      {running.count > data.length && (
        <p className="soft">{words.more(boundedWords(running), data.length)}</p>
      )}
    </>
  )
}
