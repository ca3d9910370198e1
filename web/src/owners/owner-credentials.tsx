import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { useCan } from '../api/session.ts'
import { grantsQuery } from '../grants/grants.queries.ts'
import { keysQuery } from '../keys/keys.queries.ts'
import { paths } from '../paths.ts'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Select } from '../ui/field.tsx'
import { Loading } from '../ui/loading.tsx'
import { Badge, Empty, Section } from '../ui/notice.tsx'
import { Pager } from '../ui/pager.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { Time } from '../ui/time.tsx'
import { appWords } from '../words/app.ts'
import { ownerWords as words } from '../words/owners.ts'
import { type Credential, inOneList } from './credentials.ts'

const KINDS: Readonly<Record<string, 'good' | 'warn' | 'plain'>> = {
  active: 'good',
  disabled: 'warn',
  suspended: 'warn',
  stopped: 'warn',
}

const COLUMNS: readonly Column<Credential>[] = [
  {
    id: 'name',
    head: words.name,
    cell: ({ kind, id, name, about }) => (
      <>
        <Link to={kind === 'key' ? paths.key.to(id) : paths.grant.to(id)}>{name}</Link>{' '}
        <code className="soft">{about}</code>
      </>
    ),
  },
  { id: 'kind', head: words.kind, cell: ({ kind }) => words.kinds[kind] },
  {
    id: 'state',
    head: words.state,
    cell: ({ state }) => (
      <Badge kind={KINDS[state] ?? 'plain'}>{words.credentialStates[state] ?? state}</Badge>
    ),
  },
  { id: 'scopes', head: words.scopes, cell: ({ scopes }) => <Scopes names={scopes} /> },
  { id: 'by', head: words.by, cell: ({ by }) => by },
  { id: 'created', head: words.created, cell: ({ createdAt }) => <Time at={createdAt} /> },
  {
    id: 'last_used',
    head: words.lastUsed,
    cell: ({ lastUsedAt }) => <Time at={lastUsedAt} ifNone={appWords.unknown} />,
  },
  { id: 'expires', head: words.expires, cell: ({ expiresAt }) => <Time at={expiresAt} /> },
]

interface CredentialsParts {
  readonly ownerId: string
  readonly shown: 'active' | 'all'
  readonly onShow: (shown: string) => void
}

/** Keys and connected apps of one owner in one list, as far as the reader may see them. */
export function OwnerCredentials({ ownerId, shown, onShow }: CredentialsParts) {
  const can = useCan()
  const query = { owner_id: ownerId, state: shown === 'active' ? 'active' : undefined }
  const keys = useInfiniteQuery({ ...keysQuery(query), enabled: can('keys:read') })
  const grants = useInfiniteQuery({ ...grantsQuery(query), enabled: can('grants:read') })
  const lists = [...(can('keys:read') ? [keys] : []), ...(can('grants:read') ? [grants] : [])]
  const refused = lists.find(({ error }) => error !== null)
  const rows = inOneList(
    { rows: keys.data?.pages.flatMap(({ data }) => data) ?? [], hasMore: keys.hasNextPage },
    { rows: grants.data?.pages.flatMap(({ data }) => data) ?? [], hasMore: grants.hasNextPage },
  )
  return (
    <Section
      title={words.credentials}
      lead={words.credentialsLead}
      actions={
        <Select
          label={words.state}
          value={shown}
          options={[
            ['active', words.showWorking],
            ['all', words.showAll],
          ]}
          onChange={onShow}
        />
      }
    >
      {refused !== undefined && <ProblemBox error={refused.error} onRetry={() => void refused.refetch()} />}
      {lists.some(({ isPending }) => isPending) && refused === undefined ? (
        <Loading />
      ) : rows.length === 0 ? (
        refused === undefined && (
          <Empty title={words.noCredentialsTitle}>
            <p>{words.noCredentials}</p>
          </Empty>
        )
      ) : (
        <>
          <DataTable caption={words.credentialsCaption} columns={COLUMNS} rows={rows} idOf={({ id }) => id} />
          <Pager
            shown={rows.length}
            pages={{
              hasNextPage: lists.some(({ hasNextPage }) => hasNextPage),
              isFetchingNextPage: lists.some(({ isFetchingNextPage }) => isFetchingNextPage),
              fetchNextPage: (async () => {
                await Promise.all(
                  lists.filter((each) => each.hasNextPage).map((each) => each.fetchNextPage()),
                )
              }) as never,
            }}
          />
        </>
      )}
      {!can('grants:read') && <p className="hint">{words.grantsHidden}</p>}
      {!can('keys:read') && <p className="hint">{words.keysHidden}</p>}
      {can('clients:read') && (
        <p className="hint">
          <Link to={paths.clients.to({ owner_id: ownerId })}>{words.clientsOf}</Link>
        </p>
      )}
    </Section>
  )
}

const SHOWN = 3

function Scopes({ names }: { readonly names: readonly string[] }) {
  if (names.length === 0) return <span className="soft">{appWords.none}</span>
  return (
    <span title={names.join(' ')}>
      {names.slice(0, SHOWN).join(', ')}
      {names.length > SHOWN && <span className="soft"> +{names.length - SHOWN}</span>}
    </span>
  )
}
