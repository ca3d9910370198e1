import { useQuery } from '@tanstack/react-query'
import { DataTable } from '../ui/data-table.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Badge, Section } from '../ui/notice.tsx'
import { Time } from '../ui/time.tsx'
import { oneKeyWords as words } from '../words/key.ts'
import { durationWords } from '../words/time-words.ts'
import { quotasQuery } from './key-use.queries.ts'
import type { KeyRow } from './keys.queries.ts'

const KINDS = { live: 'good', retiring: 'warn', ended: 'plain' } as const

/** The secrets of a key, newest first, each by its hint. */
export function KeySecrets({ secrets }: Pick<KeyRow, 'secrets'>) {
  return (
    <Section title={words.secrets}>
      <DataTable
        caption={words.secrets}
        rows={secrets}
        idOf={({ id }) => id}
        columns={[
          { id: 'hint', head: words.secret, cell: ({ hint }) => <code>{hint}</code> },
          {
            id: 'state',
            head: words.secretState,
            cell: ({ state }) => <Badge kind={KINDS[state]}>{words.secretStates[state]}</Badge>,
          },
          { id: 'created', head: words.created, cell: ({ created_at }) => <Time at={created_at} /> },
          {
            id: 'used',
            head: words.lastUsed,
            cell: ({ last_used_at, last_used_ip }) => (
              <>
                <Time at={last_used_at} ifNone={words.facts.noUse} />{' '}
                {last_used_ip !== null && <span className="soft">{words.facts.from(last_used_ip)}</span>}
              </>
            ),
          },
          {
            id: 'ends',
            head: words.ends,
            cell: ({ retires_at, expires_at }) => (
              <Time at={retires_at ?? expires_at} ifNone={words.facts.noExpiry} />
            ),
          },
        ]}
      />
    </Section>
  )
}

/** Limits of a key, and the units that are left in this period. */
export function KeyLimits({ keyRow }: { readonly keyRow: KeyRow }) {
  const quotas = useQuery(quotasQuery(keyRow.id))
  return (
    <Section title={words.limits}>
      <Loaded query={quotas}>
        {({ data }) =>
          data.length === 0 && keyRow.rate_limits.length === 0 ? (
            <p className="soft">{words.noLimits}</p>
          ) : (
            <ul className="limits card">
              {keyRow.rate_limits.map(({ name, limit, window_seconds }) => (
                <li key={name}>
                  <span className="soft">
                    {words.rateLimitName} {name}
                  </span>
                  <span>{words.rateLimit(limit, durationWords(window_seconds))}</span>
                </li>
              ))}
              {data.map(({ of, limit, spent, period, ends_at }) => (
                <li key={of}>
                  <span className="soft">{words.quotaOf[of]}</span>
                  <span>
                    {words.quotaLeft(Math.max(0, limit - spent), limit, period)}, {words.quotaEnds}{' '}
                    <Time at={ends_at} />
                  </span>
                  <meter
                    min={0}
                    max={Math.max(1, limit)}
                    high={limit * 0.8}
                    optimum={0}
                    value={spent}
                    aria-label={words.quotaOf[of]}
                  />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Section>
  )
}
