import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Static } from 'typebox'
import { Link } from 'wouter'
import type { PasswordLinkWire } from '../../../src/users/user.wire.ts'
import { ApiProblem } from '../api/problem.ts'
import { useCan } from '../api/session.ts'
import { type Grant, grantsQuery } from '../grants/grants.queries.ts'
import { paths } from '../paths.ts'
import { Button } from '../ui/button.tsx'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Badge, Empty, Facts, Notice, Section } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { ShownOnce } from '../ui/shown-once.tsx'
import { FullTime, Time } from '../ui/time.tsx'
import { useUrlQuery } from '../ui/url-query.ts'
import { useWhyNot } from '../ui/why-not.ts'
import { grantWords } from '../words/grants.ts'
import { userWords as words } from '../words/users.ts'
import { Sessions } from './sessions.tsx'
import { UserActs } from './user-acts.tsx'
import { type User, userQuery } from './users.queries.ts'

/** One user: where they are signed in, what they allowed, for whom they act. */
export default function UserPage({ id }: { readonly id: string }) {
  const user = useQuery(userQuery(id))
  const [link, setLink] = useState<Static<typeof PasswordLinkWire> | null>(null)
  const above = [{ to: paths.users.to(), words: words.title }]
  if (link !== null)
    return (
      <ShownOnce
        title={words.linkTitle(user.data?.name ?? id)}
        tab={words.linkTab}
        lead={words.linkLead}
        fields={[{ label: words.link, value: link.url, hint: words.linkHint }]}
        lost={words.linkLost}
        done={words.linkDone}
        onDone={() => setLink(null)}
      />
    )
  // With a login of the provider's own, users are kept there; sessions and grants are here all the same.
  const isElsewhere = user.error instanceof ApiProblem && user.error.status === 404
  if (user.data === undefined && !isElsewhere)
    return (
      <Page title={id} above={above}>
        <Loaded query={user}>{() => null}</Loaded>
      </Page>
    )
  return <UserScreen id={id} user={user.data ?? null} onLink={setLink} />
}

interface ScreenParts {
  readonly id: string
  /** Null: kept in the provider's own login. */
  readonly user: User | null
  readonly onLink: (link: Static<typeof PasswordLinkWire>) => void
}

function UserScreen({ id, user, onLink }: ScreenParts) {
  const whyNot = useWhyNot()
  const can = useCan()
  const { query, set } = useUrlQuery(['act'])
  const isDisabled = user !== null && user.disabled_at !== null
  return (
    <Page
      title={user?.name ?? id}
      above={[{ to: paths.users.to(), words: words.title }]}
      lead={
        <>
          {user !== null && <>{user.email} </>}
          <code>{id}</code>{' '}
          {user !== null && (
            <Badge kind={isDisabled ? 'warn' : 'good'}>
              {isDisabled ? words.states.disabled : words.states.enabled}
            </Badge>
          )}
        </>
      }
      actions={
        <>
          {user !== null && !isDisabled && (
            <Button kind="quiet" whyNot={whyNot('users:write')} onClick={() => set({ act: 'link' })}>
              {words.passwordLink}
            </Button>
          )}
          {isDisabled ? (
            <Button whyNot={whyNot('users:disable')} onClick={() => set({ act: 'enable' })}>
              {words.enable}
            </Button>
          ) : (
            <Button kind="danger" whyNot={whyNot('users:disable')} onClick={() => set({ act: 'disable' })}>
              {words.disable}
            </Button>
          )}
        </>
      }
    >
      {user === null && (
        <Notice title={words.elsewhereTitle}>
          <p>{words.elsewhere}</p>
        </Notice>
      )}
      {isDisabled && (
        <Notice kind="warn" title={words.disabledTitle}>
          <p>
            {words.disabledSince} <FullTime at={user.disabled_at} />. {user.disabled_reason}
          </p>
        </Notice>
      )}
      {user !== null && (
        <div className="card">
          <Facts
            facts={[
              [words.created, <FullTime key="created" at={user.created_at} />],
              [
                words.passwordSince,
                <FullTime key="since" at={user.password_set_at} ifNone={words.passwordNotSet} />,
              ],
              [words.memberships, <Memberships key="owners" user={user} />],
            ]}
          />
        </div>
      )}
      <Sessions userId={id} act={query.act} onAct={(act) => set({ act })} />
      <Section
        title={words.grants}
        lead={words.grantsLead}
        actions={can('grants:read') && <Link to={paths.grants.to({ user_id: id })}>{words.allGrants}</Link>}
      >
        {can('grants:read') ? <GrantsOf userId={id} /> : <p className="hint">{words.grantsHidden}</p>}
      </Section>
      <UserActs
        id={id}
        name={user?.name ?? id}
        isDisabled={isDisabled}
        act={query.act}
        onClose={() => set({ act: undefined })}
        onLink={(link) => {
          set({ act: undefined })
          onLink(link)
        }}
      />
    </Page>
  )
}

function Memberships({ user }: { readonly user: User }) {
  if (user.owners.length === 0) return <span className="soft">{words.noMemberships}</span>
  return (
    <ul className="plain-list">
      {user.owners.map(({ id, name }) => (
        <li key={id}>
          <Link to={paths.owner.to(id)}>{name}</Link>
        </li>
      ))}
    </ul>
  )
}

const GRANT_KINDS = { active: 'good', stopped: 'warn', expired: 'plain', revoked: 'plain' } as const

const GRANT_COLUMNS: readonly Column<Grant>[] = [
  {
    id: 'app',
    head: grantWords.app,
    cell: ({ id, client_name }) => <Link to={paths.grant.to(id)}>{client_name}</Link>,
  },
  { id: 'owner', head: grantWords.owner, cell: ({ owner_name, owner_id }) => owner_name ?? owner_id },
  {
    id: 'state',
    head: grantWords.state,
    cell: ({ state }) => <Badge kind={GRANT_KINDS[state]}>{grantWords.states[state]}</Badge>,
  },
  { id: 'granted', head: grantWords.granted, cell: (grant) => <Time at={grant.granted_at} /> },
  { id: 'used', head: grantWords.lastUsed, cell: (grant) => <Time at={grant.last_used_at} /> },
]

function GrantsOf({ userId }: { readonly userId: string }) {
  const grants = useInfiniteQuery(grantsQuery({ user_id: userId, limit: 10 }))
  return (
    <Loaded query={grants}>
      {({ pages }) => {
        const rows = pages[0]?.data ?? []
        return rows.length === 0 ? (
          <Empty title={grantWords.noneTitle}>
            <p>{grantWords.none}</p>
          </Empty>
        ) : (
          <DataTable caption={words.grants} columns={GRANT_COLUMNS} rows={rows} idOf={({ id }) => id} />
        )
      }}
    </Loaded>
  )
}
