import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import { SERVER_BASE } from '../api/base.ts'
import { paths, searchText } from '../paths.ts'
import { Button, ButtonLink } from '../ui/button.tsx'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Badge, Empty, Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { Time } from '../ui/time.tsx'
import { useUrlQuery } from '../ui/url-query.ts'
import { appWords } from '../words/app.ts'
import { auditWords as words } from '../words/audit.ts'
import { evidenceWords } from '../words/evidence.ts'
import type { AuditEvent } from './audit.queries.ts'
import { AuditChain } from './audit-chain.tsx'
import { AuditEventDialog } from './audit-event.dialog.tsx'
import { AuditFilters } from './audit-filters.tsx'
import { AUDIT_FILTERS, NEWER_COUNTED, newestQuery, stillAuditQuery } from './audit-log.queries.ts'

/** The audit log: filter, follow, export, verify. */
export default function AuditPage() {
  const url = useUrlQuery(AUDIT_FILTERS)
  const { query, unknown } = url
  const [isFollowing, setFollowing] = useState(true)
  const [opened, setOpened] = useState<AuditEvent | null>(null)
  const pages = useInfiniteQuery(stillAuditQuery(query))
  const newestShown = Math.max(0, ...(pages.data?.pages[0]?.data.map(({ seq }) => seq) ?? []))
  const canFollow = query.until === undefined
  const newest = useQuery(newestQuery(query, isFollowing && canFollow && pages.data !== undefined))
  const newer = (newest.data ?? []).filter(({ seq }) => seq > newestShown).length
  return (
    <Page title={words.title} lead={words.lead} actions={<Exports query={query} />}>
      {unknown.length > 0 && <Notice kind="warn">{appWords.unknownParameters(unknown)}</Notice>}
      <AuditFilters {...url} />
      <div className="follow">
        <label className="choice">
          <input
            type="checkbox"
            checked={isFollowing && canFollow}
            disabled={!canFollow}
            onChange={(event) => setFollowing(event.target.checked)}
          />
          <span>
            {words.follow} <span className="hint">{canFollow ? words.followHint : words.noFollow}</span>
          </span>
        </label>
        <div role="status">
          {isFollowing && canFollow && newer > 0 && (
            <Button busy={pages.isRefetching} onClick={() => void pages.refetch()}>
              {words.newer(newer, newer === NEWER_COUNTED)}
            </Button>
          )}
        </div>
      </div>
      <Loaded query={pages}>
        {({ pages: shown }) => {
          const rows = shown.flatMap(({ data }) => data)
          return rows.length === 0 ? (
            <Empty title={words.noneTitle}>
              <p>{words.none}</p>
            </Empty>
          ) : (
            <>
              <DataTable
                caption={words.caption}
                columns={columnsFor(setOpened)}
                rows={rows}
                idOf={({ id }) => id}
              />
              <Pager shown={rows.length} pages={pages} />
            </>
          )
        }}
      </Loaded>
      <AuditChain />
      {opened !== null && <AuditEventDialog event={opened} onClose={() => setOpened(null)} />}
    </Page>
  )
}

/** Links to files of the same filter, which the browser streams to the disk, and to the report for auditors. */
function Exports({ query }: { readonly query: Readonly<Record<string, string>> }) {
  return (
    <>
      <ButtonLink kind="quiet" to={paths.evidence.to()}>
        {evidenceWords.open}
      </ButtonLink>
      {(['csv', 'jsonl'] as const).map((kind) => (
        <a
          key={kind}
          className="button quiet"
          href={`${SERVER_BASE}/v1/audit-events.${kind}${searchText(query)}`}
          download={`audit-events.${kind}`}
        >
          {kind === 'csv' ? words.exportCsv : words.exportJsonl}
        </a>
      ))}
    </>
  )
}

function columnsFor(open: (event: AuditEvent) => void): readonly Column<AuditEvent>[] {
  return [
    { id: 'action', head: words.action, cell: (event) => <ActionCell event={event} /> },
    { id: 'at', head: words.at, cell: ({ at }) => <Time at={at} /> },
    { id: 'actor', head: words.actor, cell: ({ actor }) => <ActorCell actor={actor} /> },
    {
      id: 'target',
      head: words.target,
      cell: ({ target_id: id }) =>
        id === null ? (
          <span className="soft">{appWords.none}</span>
        ) : (
          <Link to={paths.audit.to({ target_id: id })} title={words.everythingOn(id)}>
            <code>{id}</code>
          </Link>
        ),
    },
    {
      id: 'owner',
      head: words.owner,
      cell: ({ owner_id }) =>
        owner_id === null ? (
          <span className="soft">{appWords.none}</span>
        ) : (
          <Link className="whole" to={paths.audit.to({ owner_id })}>
            {owner_id}
          </Link>
        ),
    },
    {
      id: 'details',
      head: words.details,
      isUnseenHead: true,
      cell: (event) => (
        <button
          type="button"
          className="link-button"
          aria-label={words.detailsOf(event.action, event.seq)}
          onClick={() => open(event)}
        >
          {words.details}
        </button>
      ),
    },
  ]
}

function ActionCell({ event: { action, result, detail } }: { readonly event: AuditEvent }) {
  return (
    <>
      <code>{action}</code>{' '}
      {result === 'refused' && (
        <Badge kind="warn">
          {words.results.refused}
          {typeof detail.code === 'string' ? `: ${detail.code.replaceAll('_', ' ')}` : ''}
        </Badge>
      )}
    </>
  )
}

function ActorCell({ actor: { kind, id, name } }: { readonly actor: AuditEvent['actor'] }) {
  const kindWords = words.kinds[kind] ?? kind
  if (id === null) return <span className="soft">{kindWords}</span>
  return (
    <>
      <span className="soft">{kindWords}</span>{' '}
      <Link to={paths.audit.to({ actor_id: id })} title={words.everythingBy(id)}>
        {name ?? <code>{id}</code>}
      </Link>
    </>
  )
}
