import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import { faultAt } from '../api/problem.ts'
import { change } from '../api/request.ts'
import { useCan } from '../api/session.ts'
import { paths } from '../paths.ts'
import { ActDialog } from '../ui/act-dialog.tsx'
import { Button } from '../ui/button.tsx'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Field } from '../ui/field.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Empty, Section } from '../ui/notice.tsx'
import { Pager } from '../ui/pager.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { useAct } from '../ui/use-act.ts'
import { useWhyNot } from '../ui/why-not.ts'
import { type User, usersQuery } from '../users/users.queries.ts'
import { ownerWords as words } from '../words/owners.ts'

/** Users who may act for an owner. */
export function Members({ ownerId }: { readonly ownerId: string }) {
  const can = useCan()
  return (
    <Section title={words.members} lead={words.membersLead}>
      {can('users:read') ? <MemberList ownerId={ownerId} /> : <p className="hint">{words.membersHidden}</p>}
    </Section>
  )
}

function MemberList({ ownerId }: { readonly ownerId: string }) {
  const whyNot = useWhyNot()
  const pages = useInfiniteQuery(usersQuery({ owner_id: ownerId }))
  const [leaving, setLeaving] = useState<User | null>(null)
  const pathOf = (userId: string) =>
    `/v1/owners/${encodeURIComponent(ownerId)}/members/${encodeURIComponent(userId)}` as const
  const columns: readonly Column<User>[] = [
    {
      id: 'user',
      head: words.member,
      cell: ({ id, name, email }) => (
        <>
          <Link to={paths.user.to(id)}>{name}</Link> <span className="soft">{email}</span>
        </>
      ),
    },
    {
      id: 'act',
      head: words.removeMember,
      isUnseenHead: true,
      align: 'end',
      cell: (user) =>
        whyNot('members:write') === null && (
          <Button kind="quiet" label={words.removeMemberOf(user.name)} onClick={() => setLeaving(user)}>
            {words.removeMember}
          </Button>
        ),
    },
  ]
  return (
    <>
      <Loaded query={pages}>
        {({ pages: shown }) => {
          const rows = shown.flatMap(({ data }) => data)
          return rows.length === 0 ? (
            <Empty title={words.noMembersTitle}>
              <p>{words.noMembers}</p>
            </Empty>
          ) : (
            <>
              <DataTable caption={words.membersCaption} columns={columns} rows={rows} idOf={({ id }) => id} />
              <Pager shown={rows.length} pages={pages} />
            </>
          )
        }}
      </Loaded>
      <AddMember whyNot={whyNot('members:write')} pathOf={pathOf} />
      {leaving !== null && (
        <ActDialog
          title={words.removeMemberTitle(leaving.name)}
          act={words.removeMember}
          isDangerous
          onClose={() => setLeaving(null)}
          onAct={async () => {
            await change('DELETE', pathOf(leaving.id))
          }}
        >
          <p>{words.removeMemberWords}</p>
        </ActDialog>
      )}
    </>
  )
}

interface AddParts {
  readonly whyNot: string | null
  readonly pathOf: (userId: string) => `/v1/${string}`
}

function AddMember({ whyNot, pathOf }: AddParts) {
  const [id, setId] = useState('')
  const act = useAct()
  const add = async () => {
    if (whyNot !== null || id.trim() === '') return
    const done = await act.run(async () => {
      await change('PUT', pathOf(id.trim()))
      return true
    })
    if (done === true) setId('')
  }
  return (
    <form
      className="one-line"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void add()
      }}
    >
      <Field label={words.memberId} error={faultAt(act.error, '/user_id')}>
        {(ids) => (
          <input
            {...ids}
            autoComplete="off"
            spellCheck={false}
            placeholder="usr_…"
            value={id}
            onChange={(event) => setId(event.target.value)}
          />
        )}
      </Field>
      <Button type="submit" kind="quiet" whyNot={whyNot} busy={act.isBusy}>
        {words.addMember}
      </Button>
      <ProblemBox error={act.error} />
    </form>
  )
}
