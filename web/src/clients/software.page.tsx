import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { paths } from '../paths.ts'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Empty, Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Time } from '../ui/time.tsx'
import { clientWords as words } from '../words/clients.ts'
import { countWords } from '../words/time-words.ts'
import { type ClientSoftware, softwareQuery } from './clients.queries.ts'

const COLUMNS: readonly Column<ClientSoftware>[] = [
  {
    id: 'software',
    head: words.softwareName,
    cell: ({ source, software }) => <Link to={paths.clients.to({ source, q: software })}>{software}</Link>,
  },
  { id: 'source', head: words.source, cell: ({ source }) => words.sources[source] },
  { id: 'clients', head: words.registrations, align: 'end', cell: ({ clients }) => countWords(clients) },
  { id: 'suspended', head: words.suspendedOf, align: 'end', cell: ({ suspended }) => countWords(suspended) },
  { id: 'last', head: words.lastRegistered, cell: (each) => <Time at={each.last_registered_at} /> },
]

/** Clients that registered themselves, grouped: one agent app has one registration for each installation. */
export default function SoftwarePage() {
  const software = useQuery(softwareQuery)
  return (
    <Page
      title={words.softwareTitle}
      lead={words.softwareLead}
      above={[{ to: paths.clients.to(), words: words.title }]}
    >
      <Loaded query={software}>
        {({ data, at_least }) =>
          data.length === 0 ? (
            <Empty title={words.softwareNoneTitle}>
              <p>{words.softwareNone}</p>
            </Empty>
          ) : (
            <>
              {at_least && <Notice>{words.softwareMore}</Notice>}
              <DataTable
                caption={words.softwareCaption}
                columns={COLUMNS}
                rows={data}
                idOf={({ source, software: name }) => `${source} ${name}`}
              />
              <p className="hint">{words.saysOfItself}</p>
            </>
          )
        }
      </Loaded>
    </Page>
  )
}
