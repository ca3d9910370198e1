import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import { change } from '../api/request.ts'
import { useSession } from '../api/session.ts'
import { paths } from '../paths.ts'
import { Button } from '../ui/button.tsx'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Badge, Section } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { ShownOnce } from '../ui/shown-once.tsx'
import { Time } from '../ui/time.tsx'
import { useAct } from '../ui/use-act.ts'
import { useWhyNot } from '../ui/why-not.ts'
import { settingsWords } from '../words/settings.ts'
import { staffWords as words } from '../words/staff.ts'
import { InviteDialog } from './invite.form.tsx'
import { type Invitation, invitationsQuery, type Member, staffQuery } from './staff.queries.ts'

/** Staff and open invitations. */
export default function StaffPage() {
  const { staff } = useSession()
  const [isInviting, setInviting] = useState(false)
  const [link, setLink] = useState<string | null>(null)
  const pages = useInfiniteQuery(staffQuery)
  const whyNot = useWhyNot()('staff:write')
  if (link !== null)
    return (
      <ShownOnce
        title={words.linkTitle}
        tab={words.linkTitle}
        lead={words.linkLead}
        fields={[{ label: words.link, value: link, hint: words.linkHint }]}
        lost={words.linkLost}
        done={words.linkDone}
        onDone={() => setLink(null)}
      />
    )
  return (
    <Page
      title={words.title}
      lead={words.lead}
      above={[{ to: paths.settings.to(), words: settingsWords.title }]}
      actions={
        <Button whyNot={whyNot} onClick={() => setInviting(true)}>
          {words.invite}
        </Button>
      }
    >
      <Loaded query={pages}>
        {({ pages: shown }) => {
          const rows = shown.flatMap(({ data }) => data)
          return (
            <>
              <DataTable
                caption={words.caption}
                columns={columnsFor(staff.id)}
                rows={rows}
                idOf={({ id }) => id}
              />
              <Pager shown={rows.length} pages={pages} />
            </>
          )
        }}
      </Loaded>
      <Section title={words.invitations}>
        <Invitations whyNot={whyNot} />
      </Section>
      {isInviting && (
        <InviteDialog
          onClose={() => setInviting(false)}
          onLink={(made) => {
            setInviting(false)
            setLink(made)
          }}
        />
      )}
    </Page>
  )
}

function columnsFor(ownId: string): readonly Column<Member>[] {
  return [
    {
      id: 'member',
      head: words.member,
      cell: ({ id, name, email }) => (
        <>
          <Link to={paths.staffMember.to(id)}>{name}</Link>{' '}
          <span className="soft">
            {email} {id === ownId && `(${words.you})`}
          </span>
        </>
      ),
    },
    { id: 'role', head: words.role, cell: ({ role }) => words.roles[role] ?? role },
    {
      id: 'state',
      head: words.state,
      cell: ({ disabled_at }) =>
        disabled_at === null ? (
          <Badge kind="good">{words.active}</Badge>
        ) : (
          <Badge kind="warn">{words.disabled}</Badge>
        ),
    },
    {
      id: 'factors',
      head: words.factors,
      cell: ({ factors, recovery_codes_left }) => (
        <>
          {factors.map((factor) => words.factorNames[factor] ?? factor).join(', ')}{' '}
          {recovery_codes_left > 0 && <span className="soft">{words.codesLeft(recovery_codes_left)}</span>}
        </>
      ),
    },
    {
      id: 'seen',
      head: words.lastSeen,
      cell: ({ last_seen_at }) => <Time at={last_seen_at} ifNone={words.notLately} />,
    },
    { id: 'joined', head: words.joined, cell: ({ created_at }) => <Time at={created_at} /> },
  ]
}

function Invitations({ whyNot }: { readonly whyNot: string | null }) {
  const invitations = useQuery(invitationsQuery)
  const act = useAct()
  const withdraw = (id: string) =>
    act.run(async () => {
      await change('DELETE', `/v1/staff-invitations/${id}`)
    })
  const columns: readonly Column<Invitation>[] = [
    { id: 'email', head: words.email, cell: ({ email }) => email },
    { id: 'role', head: words.role, cell: ({ role }) => words.roles[role] ?? role },
    { id: 'expires', head: words.expires, cell: ({ expires_at }) => <Time at={expires_at} /> },
    {
      id: 'withdraw',
      head: words.withdraw,
      isUnseenHead: true,
      cell: ({ id, email }) => (
        <Button
          kind="quiet"
          label={words.withdrawOf(email)}
          whyNot={whyNot}
          busy={act.isBusy}
          onClick={() => void withdraw(id)}
        >
          {words.withdraw}
        </Button>
      ),
    },
  ]
  return (
    <Loaded query={invitations}>
      {(rows) => (
        <>
          <ProblemBox error={act.error} />
          {rows.length === 0 ? (
            <p className="soft">{words.noInvitations}</p>
          ) : (
            <DataTable
              caption={words.invitationsCaption}
              columns={columns}
              rows={rows}
              idOf={({ id }) => id}
            />
          )}
        </>
      )}
    </Loaded>
  )
}
