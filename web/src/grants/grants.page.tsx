import { useInfiniteQuery } from '@tanstack/react-query'
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
import { grantWords as words } from '../words/grants.ts'
import { type Grant, grantsQuery } from './grants.queries.ts'
import { RevokeMany } from './revoke-many.tsx'

const KINDS = { active: 'good', stopped: 'warn', expired: 'plain', revoked: 'plain' } as const
const SHOWN_SCOPES = 3

export default function GrantsPage() {
  const { query, unknown, set } = useUrlQuery(['state', 'user_id', 'client_id', 'owner_id', 'act'])
  const { act, ...asked } = query
  const pages = useInfiniteQuery(grantsQuery(asked))
  const whyNot = useWhyNot()
  const which = { user_id: asked.user_id, client_id: asked.client_id, owner_id: asked.owner_id }
  // A misspelt filter would leave the others, and so revoke more grants than were meant.
  const isNarrow = unknown.length === 0 && Object.values(which).some((value) => value !== undefined)
  return (
    <Page
      title={words.title}
      lead={words.lead}
      actions={
        <Button
          kind="danger"
          whyNot={whyNot('grants:write') ?? (isNarrow ? null : words.revokeManyWhy)}
          onClick={() => set({ act: 'revoke' })}
        >
          {words.revokeMany}
        </Button>
      }
    >
      {unknown.length > 0 && <Notice kind="warn">{appWords.unknownParameters(unknown)}</Notice>}
      <div className="filters">
        <Select
          label={words.state}
          value={query.state ?? ''}
          options={[['', appWords.any], ...Object.entries(words.states)]}
          onChange={(state) => set({ state })}
        />
      </div>
      <Filtered
        by={(['user_id', 'client_id', 'owner_id'] as const).map(
          (name) => [words.only[name] ?? name, query[name], () => set({ [name]: undefined })] as const,
        )}
      />
      <Loaded query={pages}>
        {({ pages: shown }) => {
          const rows = shown.flatMap(({ data }) => data)
          return rows.length === 0 ? (
            <Empty title={words.noneTitle}>
              <p>{words.none}</p>
            </Empty>
          ) : (
            <>
              <DataTable caption={words.caption} columns={COLUMNS} rows={rows} idOf={({ id }) => id} />
              <Pager shown={rows.length} pages={pages} />
            </>
          )
        }}
      </Loaded>
      {act === 'revoke' && isNarrow && <RevokeMany which={which} onClose={() => set({ act: undefined })} />}
    </Page>
  )
}

const COLUMNS: readonly Column<Grant>[] = [
  {
    id: 'app',
    head: words.app,
    cell: ({ id, client_name, client_id }) => (
      <span className="two-lines">
        <Link to={paths.grant.to(id)}>{client_name}</Link>
        <Only by={{ client_id }} what={client_id} />
      </span>
    ),
  },
  {
    id: 'user',
    head: words.user,
    cell: ({ user_id, user_name, user_email }) => (
      <span className="two-lines">
        <span>{user_name ?? user_id}</span>
        <Only by={{ user_id }} what={user_email ?? user_id} />
      </span>
    ),
  },
  {
    id: 'owner',
    head: words.owner,
    cell: ({ owner_id, owner_name }) => (
      <span className="two-lines">
        {owner_name !== null && <span>{owner_name}</span>}
        <Only by={{ owner_id }} what={owner_id} />
      </span>
    ),
  },
  {
    id: 'scopes',
    head: words.scopes,
    cell: ({ scopes }) => (
      <span title={scopes.join(' ')}>
        {scopes.slice(0, SHOWN_SCOPES).join(', ')}
        {scopes.length > SHOWN_SCOPES && <span className="soft"> +{scopes.length - SHOWN_SCOPES}</span>}
      </span>
    ),
  },
  {
    id: 'state',
    head: words.state,
    cell: ({ state }) => <Badge kind={KINDS[state]}>{words.states[state]}</Badge>,
  },
  { id: 'granted', head: words.granted, cell: (grant) => <Time at={grant.granted_at} /> },
  { id: 'used', head: words.lastUsed, cell: (grant) => <Time at={grant.last_used_at} /> },
]

/** Narrows the list to what the text names. */
function Only({ by, what }: { readonly by: Readonly<Record<string, string>>; readonly what: string }) {
  return (
    <Link className="quiet-link soft" to={paths.grants.to(by)} title={words.onlyThese}>
      {what}
    </Link>
  )
}
