import { useQuery } from '@tanstack/react-query'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Empty, Section } from '../ui/notice.tsx'
import { Time } from '../ui/time.tsx'
import { clientWords as words } from '../words/clients.ts'
import { oauthRefusals } from '../words/oauth-refusals.ts'
import { countWords } from '../words/time-words.ts'
import { type RefusedRequest, refusedRequestsQuery } from './clients.queries.ts'

const COLUMNS: readonly Column<RefusedRequest>[] = [
  {
    id: 'what',
    head: words.refusedWhat,
    cell: ({ reason }) => (
      <>
        {oauthRefusals[reason]?.what ?? reason} <code className="soft">{reason}</code>
      </>
    ),
  },
  { id: 'fix', head: words.refusedFix, cell: ({ reason }) => oauthRefusals[reason]?.fix ?? '' },
  { id: 'at', head: words.refusedAt, cell: ({ endpoint }) => words.endpoints[endpoint] ?? endpoint },
  { id: 'times', head: words.refusedTimes, align: 'end', cell: ({ count }) => countWords(count) },
  {
    id: 'last',
    head: words.refusedLast,
    cell: ({ last_at, last_ip }) => (
      <>
        <Time at={last_at} /> {last_ip !== null && <code className="soft">{last_ip}</code>}
      </>
    ),
  },
]

/** Why the OAuth endpoints refused a client, with what its developer can do. */
export function RefusedRequests({ clientId }: { readonly clientId: string }) {
  const refused = useQuery(refusedRequestsQuery(clientId))
  return (
    <Section title={words.refused} lead={words.refusedLead}>
      <Loaded query={refused}>
        {(rows) =>
          rows.length === 0 ? (
            <Empty title={words.refusedNoneTitle}>
              <p>{words.refusedNone}</p>
            </Empty>
          ) : (
            <DataTable
              caption={words.refusedCaption}
              columns={COLUMNS}
              rows={rows}
              idOf={({ endpoint, reason }) => `${endpoint} ${reason}`}
            />
          )
        }
      </Loaded>
    </Section>
  )
}
