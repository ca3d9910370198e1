import { useState } from 'react'
import { Link } from 'wouter'
import { paths } from '../paths.ts'
import { Button } from '../ui/button.tsx'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Section } from '../ui/notice.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { useAct } from '../ui/use-act.ts'
import { appWords } from '../words/app.ts'
import { auditWords } from '../words/audit.ts'
import { evidenceWords as words } from '../words/evidence.ts'
import { detailLines, noticeLine } from './detail-words.ts'
import {
  type Evidence,
  type EvidenceEvent,
  type EvidenceSection as Found,
  readMore,
} from './evidence.queries.ts'

/** One section: how many events, the first of them, and more on demand. Where it is cut, it says how to get the rest. */
export function EvidenceSection({
  section,
  evidence,
}: {
  readonly section: Found
  readonly evidence: Evidence
}) {
  const { id, criteria, count, count_is_exact } = section
  const [more, setMore] = useState<readonly EvidenceEvent[]>([])
  const [cursor, setCursor] = useState(section.next_cursor)
  const act = useAct()
  const [title, lead] = words.sections[id] ?? [id, '']
  const rows = [...section.data, ...more]
  const load = () =>
    act.ask(async () => {
      if (cursor === null) return
      const page = await readMore(id, evidence, cursor)
      setMore((before) => [...before, ...page.data])
      setCursor(page.next_cursor)
    })
  return (
    <Section
      title={title}
      lead={
        <>
          {lead} {words.count(count, count_is_exact)}
          {criteria.length > 0 && ` · ${criteria.join(', ')}`}
        </>
      }
    >
      {rows.length === 0 ? (
        <p className="soft">{words.nothing}</p>
      ) : (
        <div className="evidence-rows">
          <DataTable caption={title} columns={COLUMNS} rows={rows} idOf={({ id: event }) => event} />
        </div>
      )}
      {cursor !== null && (
        <div className="pager">
          <span className="soft">{words.cut(rows.length, count, count_is_exact, id)}</span>
          <Button kind="quiet" busy={act.isBusy} label={words.moreOf(title)} onClick={() => void load()}>
            {words.more}
          </Button>
        </div>
      )}
      <ProblemBox error={act.error} />
    </Section>
  )
}

const COLUMNS: readonly Column<EvidenceEvent>[] = [
  { id: 'subject', head: words.subject, cell: (event) => <SubjectCell event={event} /> },
  {
    id: 'at',
    head: words.at,
    cell: ({ at }) => <time dateTime={String(at)}>{words.minute(Date.parse(String(at)))}</time>,
  },
  {
    id: 'by',
    head: words.by,
    cell: ({ actor: { kind, id, name } }) => (
      <span className="detail">
        <span>{name ?? auditWords.kinds[kind] ?? kind}</span>
        {id !== null && <code className="soft">{id}</code>}
      </span>
    ),
  },
  { id: 'event', head: words.event, cell: (event) => <EventCell event={event} /> },
]

function SubjectCell({ event: { subject, target_id, owner_id } }: { readonly event: EvidenceEvent }) {
  const belongs = [subject?.environment, owner_id].filter((part) => part != null && part !== target_id)
  return (
    <span className="detail">
      {subject !== null && <span>{subject.name}</span>}
      {target_id !== null && (
        <Link
          className="quiet-link"
          to={paths.audit.to({ target_id })}
          title={auditWords.everythingOn(target_id)}
        >
          <code>{target_id}</code>
        </Link>
      )}
      {target_id === null && <span className="soft">{appWords.none}</span>}
      {belongs.length > 0 && <span className="soft">{belongs.join(' · ')}</span>}
    </span>
  )
}

function EventCell({ event }: { readonly event: EvidenceEvent }) {
  const notice = noticeLine(event)
  return (
    <span className="detail">
      <code>{event.action}</code>
      {notice !== null && <strong>{notice}</strong>}
      {detailLines(event).map((line) => (
        <span key={line}>{line}</span>
      ))}
    </span>
  )
}
