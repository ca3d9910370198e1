import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { useSession } from '../api/session.ts'
import { paths, type Search } from '../paths.ts'
import { scopesQuery } from '../scopes/scopes.queries.ts'
import { Select } from '../ui/field.tsx'
import type { UrlQuery } from '../ui/url-query.ts'
import { appWords } from '../words/app.ts'
import { keyWords as words } from '../words/keys.ts'
import { countWords, momentWords } from '../words/time-words.ts'
import { KEY_PARAMETERS, type KeyParameter } from './key-parameters.ts'
import { keyCountsQuery } from './keys.queries.ts'
import { KeysSearch } from './keys-search.tsx'

export type KeysUrl = UrlQuery<KeyParameter>

const ENDED = 'expired,revoked'

/** Search, states with their counts, and filters: everything in the URL. */
export function KeysFilters({ url }: { readonly url: KeysUrl }) {
  const { query, set } = url
  const { environments, staff } = useSession()
  const scopes = useQuery(scopesQuery)
  return (
    <>
      <div className="filters">
        <KeysSearch
          text={query.q ?? ''}
          onText={(q) => set({ q, secret_sha256: undefined })}
          onSecret={(hash) => set({ ...nothing(), secret_sha256: hash })}
        />
        <Select
          label={words.environment}
          value={query.environment ?? ''}
          options={[['', appWords.any], ...environments.map((each) => [each, each] as const)]}
          onChange={(environment) => set({ environment })}
        />
        <Select
          label={words.scope}
          value={query.scope ?? ''}
          options={[['', appWords.any], ...(scopes.data ?? []).map(({ name }) => [name, name] as const)]}
          onChange={(scope) => set({ scope })}
        />
        <Select
          label={words.attention}
          value={attentionOf(query, staff.id)}
          options={[['', appWords.any], ...words.attentions]}
          onChange={(which) => set(attentionQuery(which, staff.id))}
        />
      </div>
      <States query={query} />
      <Chips url={url} />
    </>
  )
}

/** Live ones are what people look for; ended ones are always one click away, with their number. */
function States({ query }: Pick<KeysUrl, 'query'>) {
  const { state, sort: _, secret_sha256: hash, ...counted } = query
  const counts = useQuery({ ...keyCountsQuery(counted), enabled: hash === undefined })
  const kinds = [
    ['live', words.live, counts.data?.live],
    [ENDED, words.ended, counts.data?.ended],
    [undefined, words.all, undefined],
  ] as const
  return (
    <ul className="tabs">
      {kinds.map(([value, name, count]) => (
        <li key={name}>
          <Link
            to={paths.keys.to({ ...query, state: value })}
            aria-current={state === value ? 'true' : undefined}
          >
            {name}
            {count !== undefined && hash === undefined && (
              <span className="soft"> {countWords(count.count) + (count.at_least ? '+' : '')}</span>
            )}
          </Link>
        </li>
      ))}
    </ul>
  )
}

/** Filters without a control of their own, each with a way to drop it. */
function Chips({ url: { query, set } }: { readonly url: KeysUrl }) {
  const { staff } = useSession()
  const { created_by: by, unused_since: since, expiring_before: before, rotation_due_before: due } = query
  const chips = [
    ['secret_sha256', query.secret_sha256 && words.ofSecret],
    ['owner_id', query.owner_id && words.ofOwner(query.owner_id)],
    ['created_by', by && by !== staff.id && words.ofCreator(by)],
    ['unused_since', since && words.unusedSince(momentWords(since))],
    ['expiring_before', before && words.expiringBefore(momentWords(before))],
    ['rotation_due_before', due && words.rotationDueBefore(momentWords(due))],
  ] as const
  return (
    <ul className="chips">
      {chips.map(
        ([name, said]) =>
          said && (
            <li key={name}>
              {said}{' '}
              <button
                type="button"
                className="link-button"
                aria-label={words.drop(said)}
                onClick={() =>
                  set({ [name]: undefined, ...(name === 'secret_sha256' ? { state: 'live' } : {}) })
                }
              >
                ✕
              </button>
            </li>
          ),
      )}
    </ul>
  )
}

const DAY_MS = 86_400_000
const NO_ATTENTION = {
  never_used: undefined,
  no_expiry: undefined,
  unused_since: undefined,
  expiring_before: undefined,
  rotation_due_before: undefined,
  exposed: undefined,
  over_scoped: undefined,
  created_by: undefined,
}

function nothing(): Record<KeyParameter, undefined> {
  return Object.fromEntries(KEY_PARAMETERS.map((name) => [name, undefined])) as Record<
    KeyParameter,
    undefined
  >
}

function attentionQuery(which: string, me: string): Partial<Record<KeyParameter, string | undefined>> {
  const inDays = (days: number) => new Date(Math.floor(Date.now() / DAY_MS + days) * DAY_MS).toISOString()
  if (which === 'never_used') return { ...NO_ATTENTION, never_used: 'true' }
  if (which === 'no_expiry') return { ...NO_ATTENTION, no_expiry: 'true' }
  if (which === 'unused') return { ...NO_ATTENTION, unused_since: inDays(-90) }
  if (which === 'expiring') return { ...NO_ATTENTION, expiring_before: inDays(30) }
  if (which === 'rotation_due') return { ...NO_ATTENTION, rotation_due_before: inDays(1) }
  if (which === 'exposed') return { ...NO_ATTENTION, exposed: 'true' }
  if (which === 'over_scoped') return { ...NO_ATTENTION, over_scoped: 'true' }
  if (which === 'mine') return { ...NO_ATTENTION, created_by: me }
  return NO_ATTENTION
}

function attentionOf(query: KeysUrl['query'], me: string): string {
  if (query.never_used !== undefined) return 'never_used'
  if (query.no_expiry !== undefined) return 'no_expiry'
  if (query.unused_since !== undefined) return 'unused'
  if (query.expiring_before !== undefined) return 'expiring'
  if (query.rotation_due_before !== undefined) return 'rotation_due'
  if (query.exposed !== undefined) return 'exposed'
  if (query.over_scoped !== undefined) return 'over_scoped'
  return query.created_by === me ? 'mine' : ''
}

/** True where the list is narrowed by anything but a state and an order. */
export function isNarrowed({ state: _, sort: __, ...filters }: Search): boolean {
  return Object.values(filters).some((value) => value !== undefined)
}
