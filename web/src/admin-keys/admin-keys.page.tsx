import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { paths } from '../paths.ts'
import { Button, ButtonLink } from '../ui/button.tsx'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Badge, Empty } from '../ui/notice.tsx'
import { useNow } from '../ui/now.ts'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { msOf, Time } from '../ui/time.tsx'
import { useWhyNot } from '../ui/why-not.ts'
import { appWords } from '../words/app.ts'
import { settingsWords as words } from '../words/settings.ts'
import { RevokeAdminKey, RotateAdminKey } from './admin-key.dialogs.tsx'
import { type AdminKey, adminKeysQuery, lastUseOf } from './admin-keys.queries.ts'
import { AdminSecret } from './admin-secret.tsx'

/** Admin keys: list, rotate, revoke. */
export default function AdminKeysPage() {
  const whyNot = useWhyNot()
  const pages = useInfiniteQuery(adminKeysQuery)
  const now = useNow()
  const [open, setOpen] = useState<{ readonly act: 'rotate' | 'revoke'; readonly key: AdminKey } | null>(null)
  const [issued, setIssued] = useState<{ readonly name: string; readonly secret: string } | null>(null)
  if (issued !== null) return <AdminSecret {...issued} onStored={() => setIssued(null)} />
  const close = () => setOpen(null)
  const columns: readonly Column<AdminKey>[] = [
    ...COLUMNS,
    { id: 'state', head: words.state, cell: (key) => <StateBadge state={stateOf(key, now)} /> },
    {
      id: 'acts',
      head: words.rotate,
      isUnseenHead: true,
      cell: (key) => {
        const state = stateOf(key, now)
        if (state === 'revoked' || state === 'expired') return null
        return (
          <div className="actions">
            <Button
              kind="quiet"
              label={words.rotateKey(key.name)}
              whyNot={whyNot('admin_keys:write')}
              onClick={() => setOpen({ act: 'rotate', key })}
            >
              {state === 'rotating' ? words.finish : words.rotate}
            </Button>
            <Button
              kind="danger"
              label={words.revokeKey(key.name)}
              whyNot={whyNot('admin_keys:revoke')}
              onClick={() => setOpen({ act: 'revoke', key })}
            >
              {words.revoke}
            </Button>
          </div>
        )
      },
    },
  ]
  return (
    <Page
      title={words.adminKeys}
      lead={words.adminKeysLead}
      above={[{ to: paths.settings.to(), words: words.title }]}
      actions={
        <ButtonLink to={paths.newAdminKey.to()} whyNot={whyNot('admin_keys:write')}>
          {words.create}
        </ButtonLink>
      }
    >
      <Loaded query={pages}>
        {({ pages: shown }) => {
          const rows = shown.flatMap(({ data }) => data)
          return rows.length === 0 ? (
            <Empty title={words.noneTitle}>
              <p>{words.none}</p>
            </Empty>
          ) : (
            <>
              <DataTable caption={words.caption} columns={columns} rows={rows} idOf={({ id }) => id} />
              <Pager shown={rows.length} pages={pages} />
            </>
          )
        }}
      </Loaded>
      {open?.act === 'rotate' && (
        <RotateAdminKey
          of={open.key}
          onClose={close}
          onSecret={(secret) => setIssued({ name: open.key.name, secret })}
        />
      )}
      {open?.act === 'revoke' && <RevokeAdminKey of={open.key} onClose={close} />}
    </Page>
  )
}

const COLUMNS: readonly Column<AdminKey>[] = [
  {
    id: 'key',
    head: words.key,
    cell: ({ name, hint }) => (
      <>
        <strong>{name}</strong> <code className="soft">{hint}</code>
      </>
    ),
  },
  {
    id: 'permissions',
    head: words.permissions,
    cell: ({ permissions }) => (
      <details>
        <summary>{words.manyPermissions(permissions.length)}</summary>
        <code>{permissions.join(', ')}</code>
      </details>
    ),
  },
  { id: 'owner', head: words.owner, cell: ({ owner_id }) => owner_id ?? words.everyOwner },
  { id: 'created', head: words.created, cell: ({ created_at }) => <Time at={created_at} /> },
  {
    id: 'used',
    head: words.lastUsed,
    cell: (key) => <Time at={lastUseOf(key) ?? null} ifNone={appWords.unknown} />,
  },
  { id: 'expires', head: words.expires, cell: ({ expires_at }) => <Time at={expires_at} /> },
]

type State = keyof typeof words.states

function stateOf({ revoked_at, expires_at, rotation }: AdminKey, now: number): State {
  if (revoked_at !== null) return 'revoked'
  if (expires_at !== null && msOf(expires_at) <= now) return 'expired'
  return rotation === null ? 'active' : 'rotating'
}

const KINDS = { active: 'good', rotating: 'warn', expired: 'plain', revoked: 'plain' } as const

function StateBadge({ state }: { readonly state: State }) {
  return <Badge kind={KINDS[state]}>{words.states[state]}</Badge>
}
