import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { paths } from '../paths.ts'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Badge, Facts, Section } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { FullTime, Time } from '../ui/time.tsx'
import { appWords } from '../words/app.ts'
import { mailWords as words } from '../words/mails.ts'
import { type MailDetail, mailQuery } from './mails.queries.ts'
import { STATE_KINDS } from './state-kinds.ts'

type About = MailDetail['notices'][number]

/** One mail to one recipient: its state, what it is about, and its text. */
export default function MailPage({ id }: { readonly id: string }) {
  const mail = useQuery(mailQuery(id))
  return (
    <Page
      title={mail.data?.subject ?? words.mailTitle}
      above={[{ to: paths.mails.to(), words: words.title }]}
    >
      <Loaded query={mail}>
        {(shown) => (
          <>
            <Facts facts={factsOf(shown)} />
            {shown.notices.length > 0 && (
              <Section title={words.about}>
                <DataTable
                  caption={words.about}
                  columns={COLUMNS}
                  rows={shown.notices}
                  idOf={({ holder_id, cause, ends_at }) => `${holder_id} ${cause} ${ends_at}`}
                />
              </Section>
            )}
            <Section title={words.text}>
              <pre>{shown.text}</pre>
            </Section>
          </>
        )}
      </Loaded>
    </Page>
  )
}

function factsOf(mail: MailDetail) {
  return [
    [
      words.state,
      <span key="state">
        <Badge kind={STATE_KINDS[mail.state]}>{words.states[mail.state]}</Badge>{' '}
        {words.stateWords[mail.state]}
      </span>,
    ],
    [words.to, mail.to ?? words.nobody],
    [words.owner, mail.owner_id ?? words.provider],
    [words.created, <FullTime key="created" at={mail.created_at} />],
    [words.attempts, String(mail.attempts)],
    [words.lastAttempt, <FullTime key="last" at={mail.last_attempt_at} />],
    [words.nextAttempt, <FullTime key="next" at={mail.next_attempt_at} />],
    [words.answer, mail.answer ?? appWords.none],
    [words.messageId, mail.message_id === null ? appWords.none : <code key="id">{mail.message_id}</code>],
  ] as const
}

const COLUMNS: readonly Column<About>[] = [
  {
    id: 'holder',
    head: words.holder,
    cell: ({ holder_kind, holder_id }) =>
      holder_kind === 'admin_key' ? (
        <code>{holder_id}</code>
      ) : (
        <Link to={holder_kind === 'key' ? paths.key.to(holder_id) : paths.client.to(holder_id)}>
          {holder_id}
        </Link>
      ),
  },
  { id: 'cause', head: words.cause, cell: ({ cause }) => words.causes[cause] },
  { id: 'ends', head: words.ends, cell: ({ ends_at }) => <Time at={ends_at} /> },
]
