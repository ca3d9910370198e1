import { useInfiniteQuery } from '@tanstack/react-query'
import { type AuditEvent, auditQuery } from '../audit/audit.queries.ts'
import { DataTable } from '../ui/data-table.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Section } from '../ui/notice.tsx'
import { Pager } from '../ui/pager.tsx'
import { Time } from '../ui/time.tsx'
import { useWhyNot } from '../ui/why-not.ts'
import { appWords } from '../words/app.ts'
import { oneKeyWords as words } from '../words/key.ts'
import { valueWords } from '../words/value-words.ts'

/** History of a key, from the audit log. */
export function KeyHistory({ id }: { readonly id: string }) {
  const why = useWhyNot()('audit:read')
  const pages = useInfiniteQuery({ ...auditQuery({ target_id: id, limit: 20 }), enabled: why === null })
  if (why !== null)
    return (
      <Section title={words.history}>
        <p className="soft">{why}</p>
      </Section>
    )
  return (
    <Section title={words.history} lead={words.historyLead}>
      <Loaded query={pages}>
        {({ pages: found }) => {
          const rows = found.flatMap(({ data }) => data)
          return rows.length === 0 ? (
            <p className="soft">{words.noHistory}</p>
          ) : (
            <>
              <DataTable
                caption={words.history}
                rows={rows}
                idOf={({ id: event }) => event}
                columns={[
                  { id: 'action', head: words.action, cell: ({ action }) => words.events[action] ?? action },
                  { id: 'actor', head: words.actor, cell: ({ actor }) => actor.id ?? actor.kind },
                  { id: 'at', head: words.when, cell: ({ at }) => <Time at={at} /> },
                  { id: 'detail', head: words.detail, cell: (event) => <Detail event={event} /> },
                ]}
              />
              <Pager shown={rows.length} pages={pages} />
            </>
          )
        }}
      </Loaded>
    </Section>
  )
}

function Detail({ event }: { readonly event: AuditEvent }) {
  const entries = Object.entries(event.detail)
  if (entries.length === 0) return null
  return (
    <span className="detail">
      {entries.map(([name, value]) => (
        <span key={name}>
          <span className="soft">{name.replaceAll('_', ' ')}:</span> <Value value={value} />
        </span>
      ))}
    </span>
  )
}

const MOMENT = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/

function Value({ value }: { readonly value: unknown }) {
  if (typeof value === 'string' && MOMENT.test(value)) return <Time at={value} />
  return valueWords(value, appWords.none)
}
