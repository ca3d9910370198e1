import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { EndedSessionsWire } from '../../../src/sessions/session.wire.ts'
import { change } from '../api/request.ts'
import { ActDialog } from '../ui/act-dialog.tsx'
import { Button } from '../ui/button.tsx'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Empty, Notice, Section } from '../ui/notice.tsx'
import { Pager } from '../ui/pager.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { Time } from '../ui/time.tsx'
import { useAct } from '../ui/use-act.ts'
import { useWhyNot } from '../ui/why-not.ts'
import { userWords as words } from '../words/users.ts'
import { sessionsQuery, type UserSession } from './users.queries.ts'

interface SessionsParts {
  readonly userId: string
  readonly act: string | undefined
  readonly onAct: (act: string | undefined) => void
}

/** Where a user is signed in, with ways to end it. */
export function Sessions({ userId, act, onAct }: SessionsParts) {
  const whyNot = useWhyNot()
  const pages = useInfiniteQuery(sessionsQuery(userId))
  const [ended, setEnded] = useState<number | null>(null)
  const ending = useAct()
  const path = `/v1/users/${encodeURIComponent(userId)}/sessions` as const
  const endOne = (session: UserSession) =>
    ending.run(async () => {
      await change('DELETE', `${path}/${encodeURIComponent(session.id)}`)
      setEnded(1)
    })
  const columns: readonly Column<UserSession>[] = [
    { id: 'browser', head: words.session, cell: ({ user_agent }) => user_agent ?? words.unknownBrowser },
    { id: 'address', head: words.address, cell: ({ ip }) => (ip === null ? '' : <code>{ip}</code>) },
    { id: 'since', head: words.signedIn, cell: (session) => <Time at={session.authenticated_at} /> },
    { id: 'seen', head: words.lastSeen, cell: (session) => <Time at={session.last_seen_at} /> },
    { id: 'ends', head: words.ends, cell: (session) => <Time at={session.expires_at} /> },
    {
      id: 'act',
      head: words.end,
      isUnseenHead: true,
      align: 'end',
      cell: (session) =>
        whyNot('users:disable') === null && (
          <Button
            kind="quiet"
            label={words.endOf(session.user_agent ?? words.unknownBrowser)}
            busy={ending.isBusy}
            onClick={() => void endOne(session)}
          >
            {words.end}
          </Button>
        ),
    },
  ]
  return (
    <Section
      title={words.sessions}
      lead={words.sessionsLead}
      actions={
        <Button kind="quiet" whyNot={whyNot('users:disable')} onClick={() => onAct('end-sessions')}>
          {words.endAll}
        </Button>
      }
    >
      {ended !== null && (
        <Notice kind="good" isAnnounced>
          <p>{words.ended(ended)}</p>
        </Notice>
      )}
      <ProblemBox error={ending.error} />
      <Loaded query={pages}>
        {({ pages: shown }) => {
          const rows = shown.flatMap(({ data }) => data)
          return rows.length === 0 ? (
            <Empty title={words.noSessionsTitle}>
              <p>{words.noSessions}</p>
            </Empty>
          ) : (
            <>
              <DataTable
                caption={words.sessionsCaption}
                columns={columns}
                rows={rows}
                idOf={({ id }) => id}
              />
              <Pager shown={rows.length} pages={pages} />
            </>
          )
        }}
      </Loaded>
      {act === 'end-sessions' && (
        <ActDialog
          title={words.endAllTitle}
          act={words.endAll}
          isDangerous
          whyNot={whyNot('users:disable')}
          onClose={() => onAct(undefined)}
          onAct={async () => {
            const answer = await change<typeof EndedSessionsWire>('DELETE', path)
            setEnded(answer.ended)
          }}
        >
          <p>{words.endAllWords}</p>
        </ActDialog>
      )}
    </Section>
  )
}
