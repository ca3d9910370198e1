import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { paths } from '../paths.ts'
import { Button } from '../ui/button.tsx'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Select } from '../ui/field.tsx'
import { Filtered } from '../ui/filtered.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Badge, Empty, Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { Time } from '../ui/time.tsx'
import { useUrlQuery } from '../ui/url-query.ts'
import { useWhyNot } from '../ui/why-not.ts'
import { appWords } from '../words/app.ts'
import { mailWords as words } from '../words/mails.ts'
import { type Mail, mailServerQuery, mailsQuery } from './mails.queries.ts'
import { STATE_KINDS } from './state-kinds.ts'
import { TestMail } from './test-mail.form.tsx'

/** The outbox: mails that were sent, wait, or would have been sent. */
export default function MailsPage() {
  const { query, unknown, set } = useUrlQuery(['state', 'owner_id', 'act'])
  const { act, ...asked } = query
  const pages = useInfiniteQuery(mailsQuery(asked))
  const whyNot = useWhyNot()
  return (
    <Page
      title={words.title}
      lead={words.lead}
      actions={
        <Button whyNot={whyNot('mail:test')} onClick={() => set({ act: 'test' })}>
          {words.test}
        </Button>
      }
    >
      {unknown.length > 0 && <Notice kind="warn">{appWords.unknownParameters(unknown)}</Notice>}
      <Server />
      <div className="filters">
        <Select
          label={words.state}
          value={query.state ?? ''}
          options={[['', appWords.any], ...Object.entries(words.states)]}
          onChange={(state) => set({ state })}
        />
      </div>
      <Filtered by={[[words.owner, query.owner_id, () => set({ owner_id: undefined })]]} />
      <Loaded query={pages}>
        {({ pages: shown }) => {
          const rows = shown.flatMap(({ data }) => data)
          return rows.length === 0 ? (
            <Empty title={words.noneTitle}>
              <p>{words.none}</p>
            </Empty>
          ) : (
            <>
              <DataTable caption={words.title} columns={COLUMNS} rows={rows} idOf={({ id }) => id} />
              <Pager shown={rows.length} pages={pages} />
            </>
          )
        }}
      </Loaded>
      {act === 'test' && <TestMail onClose={() => set({ act: undefined })} />}
    </Page>
  )
}

/** The mail server; where none is configured, how to configure one. */
function Server() {
  const server = useQuery(mailServerQuery)
  if (server.data === undefined) return null
  const { smtp, failed } = server.data
  return (
    <>
      {smtp === null ? (
        <Notice kind="warn" title={words.noServerTitle}>
          <p>{words.noServer}</p>
        </Notice>
      ) : (
        <p className="hint">{words.server(smtp.host, smtp.port, smtp.from)}</p>
      )}
      {failed > 0 && <Notice kind="warn">{words.failed(failed)}</Notice>}
    </>
  )
}

const COLUMNS: readonly Column<Mail>[] = [
  {
    id: 'subject',
    head: words.subject,
    cell: ({ id, subject }) => <Link to={paths.mail.to(id)}>{subject}</Link>,
  },
  { id: 'to', head: words.to, cell: ({ to }) => to ?? <span className="soft">{words.nobody}</span> },
  {
    id: 'owner',
    head: words.owner,
    cell: ({ owner_id }) =>
      owner_id === null ? (
        <span className="soft">{words.provider}</span>
      ) : (
        <Link className="quiet-link" to={paths.mails.to({ owner_id })}>
          {owner_id}
        </Link>
      ),
  },
  {
    id: 'state',
    head: words.state,
    cell: ({ state }) => <Badge kind={STATE_KINDS[state]}>{words.states[state]}</Badge>,
  },
  {
    id: 'answer',
    head: words.answer,
    cell: ({ answer }) => <span className="soft">{answer ?? words.noAnswer}</span>,
  },
  { id: 'attempts', head: words.attempts, align: 'end', cell: ({ attempts }) => attempts },
  { id: 'created', head: words.created, cell: ({ created_at }) => <Time at={created_at} /> },
]
