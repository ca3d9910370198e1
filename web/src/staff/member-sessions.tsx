import { useQuery } from '@tanstack/react-query'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Time } from '../ui/time.tsx'
import { appWords } from '../words/app.ts'
import { staffWords as words } from '../words/staff.ts'
import { type MemberSession, sessionsQuery } from './staff.queries.ts'

const COLUMNS: readonly Column<MemberSession>[] = [
  { id: 'started', head: words.started, cell: ({ created_at }) => <Time at={created_at} /> },
  { id: 'seen', head: words.lastSeen, cell: ({ last_seen_at }) => <Time at={last_seen_at} /> },
  { id: 'ip', head: words.address, cell: ({ ip }) => ip ?? appWords.unknown },
  { id: 'browser', head: words.browser, cell: ({ user_agent }) => user_agent ?? appWords.unknown },
  { id: 'until', head: words.until, cell: ({ expires_at }) => <Time at={expires_at} /> },
]

export function MemberSessions({ id, name }: { readonly id: string; readonly name: string }) {
  const sessions = useQuery(sessionsQuery(id))
  return (
    <Loaded query={sessions}>
      {(rows) =>
        rows.length === 0 ? (
          <p className="soft">{words.noSessions}</p>
        ) : (
          <DataTable
            caption={words.sessionsCaption(name)}
            columns={COLUMNS}
            rows={rows}
            idOf={({ id: each }) => each}
          />
        )
      }
    </Loaded>
  )
}
