import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useLocation } from 'wouter'
import type { EndedStaffSessionsWire, StaffWire } from '../../../src/staff/staff.wire.ts'
import { change } from '../api/request.ts'
import { useCan, useSession } from '../api/session.ts'
import { paths } from '../paths.ts'
import { ActDialog } from '../ui/act-dialog.tsx'
import { Button, ButtonLink } from '../ui/button.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Badge, Facts, Section } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { FullTime } from '../ui/time.tsx'
import { useAct } from '../ui/use-act.ts'
import { useWhyNot } from '../ui/why-not.ts'
import { settingsWords } from '../words/settings.ts'
import { staffWords as words } from '../words/staff.ts'
import { MemberFactors } from './member-factors.tsx'
import { MemberSessions } from './member-sessions.tsx'
import { RoleChoice } from './role-choice.tsx'
import { type Member, memberQuery } from './staff.queries.ts'

/** One staff member: role, sessions, and the end of their access. */
export default function MemberPage({ id }: { readonly id: string }) {
  const member = useQuery(memberQuery(id))
  const above = [
    { to: paths.settings.to(), words: settingsWords.title },
    { to: paths.staff.to(), words: words.title },
  ]
  if (member.data !== undefined) return <KnownMember member={member.data} above={above} />
  return (
    <Page title={words.member} above={above}>
      <Loaded query={member}>{() => null}</Loaded>
    </Page>
  )
}

function KnownMember({
  member,
  above,
}: {
  readonly member: Member
  readonly above: readonly { readonly to: string; readonly words: string }[]
}) {
  const { id, name, email, role, disabled_at, disabled_reason, created_at, last_seen_at } = member
  const can = useCan()
  const mayNot = useWhyNot()('staff:write')
  const own = useSession().staff.id === id
  const [, navigate] = useLocation()
  const [open, setOpen] = useState<'disable' | 'remove' | null>(null)
  const [opened] = useState(member)
  const [chosen, setChosen] = useState<string>(role)
  const [said, setSaid] = useState('')
  const act = useAct()
  const whyNot = mayNot ?? (own ? words.ownAccount : null)
  const send = (method: 'PATCH' | 'POST', path: `/v1/${string}`, body: object) =>
    act.run(() => change<typeof StaffWire>(method, path, body, method === 'PATCH' ? { since: opened } : {}))
  const endSessions = () =>
    act.run(async () => {
      const { ended } = await change<typeof EndedStaffSessionsWire>(
        'POST',
        `/v1/staff/${id}/end-sessions`,
        {},
      )
      setSaid(words.ended(ended))
    })
  return (
    <Page
      title={name}
      lead={email}
      above={above}
      actions={
        <>
          {can('audit:read') && (
            <ButtonLink kind="quiet" to={paths.audit.to({ actor_id: id })}>
              {words.audit}
            </ButtonLink>
          )}
          {disabled_at === null ? (
            <Button kind="danger" whyNot={whyNot} onClick={() => setOpen('disable')}>
              {words.disable}
            </Button>
          ) : (
            <Button
              kind="quiet"
              whyNot={whyNot}
              busy={act.isBusy}
              onClick={() => void send('POST', `/v1/staff/${id}/enable`, {})}
            >
              {words.enable}
            </Button>
          )}
          <Button kind="danger" whyNot={whyNot} onClick={() => setOpen('remove')}>
            {words.remove}
          </Button>
        </>
      }
    >
      <ProblemBox error={act.error} />
      <div className="card">
        <Facts
          facts={[
            [
              words.state,
              disabled_at === null ? (
                <Badge key="state" kind="good">
                  {words.active}
                </Badge>
              ) : (
                <span key="state">
                  <Badge kind="warn">{words.disabled}</Badge> <FullTime at={disabled_at} /> {disabled_reason}
                </span>
              ),
            ],
            [words.role, words.roles[role] ?? role],
            [words.lastSeen, <FullTime key="seen" at={last_seen_at} ifNone={words.notLately} />],
            [words.joined, <FullTime key="joined" at={created_at} />],
          ]}
        />
      </div>
      <Section title={words.changeRole}>
        <div className="form card">
          <RoleChoice chosen={chosen} onChoose={setChosen} />
          <div className="form-end">
            <Button
              whyNot={whyNot}
              busy={act.isBusy}
              onClick={() => void send('PATCH', `/v1/staff/${id}`, { role: chosen })}
            >
              {words.save}
            </Button>
          </div>
        </div>
      </Section>
      <MemberFactors member={member} whyNot={whyNot} />
      <Section
        title={words.sessions}
        actions={
          <Button kind="quiet" whyNot={mayNot} busy={act.isBusy} onClick={() => void endSessions()}>
            {words.endSessions}
          </Button>
        }
      >
        <p role="status">{said}</p>
        <MemberSessions id={id} name={name} />
      </Section>
      {open !== null && (
        <ActDialog
          title={open === 'disable' ? words.disableTitle(name) : words.removeTitle(name)}
          act={words[open]}
          isDangerous
          reason="required"
          whyNot={whyNot}
          onClose={() => setOpen(null)}
          onAct={async (reason) => {
            await change<typeof StaffWire>('POST', `/v1/staff/${id}/${open}`, { reason })
            if (open === 'remove') navigate(paths.staff.to(), { replace: true })
          }}
        >
          <p>
            {open === 'disable' ? words.disableEffect : words.removeEffect}{' '}
            {can('keys:read') && <Link to={paths.keys.to({ created_by: id })}>{words.keysMade}</Link>}
          </p>
        </ActDialog>
      )}
    </Page>
  )
}
