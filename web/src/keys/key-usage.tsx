import { useQuery } from '@tanstack/react-query'
import { Chart, type ChartSeries } from '../ui/chart.tsx'
import { DataTable } from '../ui/data-table.tsx'
import { Select } from '../ui/field.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Badge, Section } from '../ui/notice.tsx'
import { msOf, Time } from '../ui/time.tsx'
import { useUrlQuery } from '../ui/url-query.ts'
import { oneKeyWords as words } from '../words/key.ts'
import { noScope, outcomeName } from '../words/outcomes.ts'
import { addressesQuery, seriesQuery } from './key-use.queries.ts'

/** Verifications over time, by outcome or by scope. */
export function KeyUsage({ id }: { readonly id: string }) {
  const { query, set } = useUrlQuery(['span', 'by'])
  const [span, by] = [query.span ?? '24h', query.by ?? 'outcome']
  const series = useQuery(seriesQuery(id, span, by))
  return (
    <Section
      title={words.usage}
      actions={
        <>
          <Select
            label={words.span}
            value={span}
            options={words.spans}
            onChange={(next) => set({ span: next })}
          />
          <Select
            label={words.by}
            value={by}
            options={[
              ['outcome', words.byOutcome],
              ['scope', words.byScope],
            ]}
            onChange={(next) => set({ by: next })}
          />
        </>
      }
    >
      <div className="card">
        <Loaded query={series}>
          {({ buckets, step_seconds, series: found }) => (
            <Chart
              title={words.chartTitle}
              buckets={buckets.map(msOf)}
              stepSeconds={step_seconds}
              series={acceptedFirst(found).map((each, at) => ({ ...each, ...look(each, at, by) }))}
              empty={words.noUsage}
            />
          )}
        </Loaded>
      </div>
    </Section>
  )
}

/** At the foot of each bar, with what was refused above it. */
function acceptedFirst<Each extends { readonly outcome: string | null }>(series: readonly Each[]): Each[] {
  return series.toSorted((a, b) => Number(b.outcome === 'accepted') - Number(a.outcome === 'accepted'))
}

const MOST_TONES = 6

function look(
  { outcome, scope }: { readonly outcome: string | null; readonly scope: string | null },
  at: number,
  by: string,
): Pick<ChartSeries, 'name' | 'tone'> {
  if (by === 'outcome')
    return {
      name: outcomeName(outcome),
      tone: outcome === 'accepted' ? 'good' : Math.min(Math.max(1, at), MOST_TONES),
    }
  const what = scope === null ? outcomeName(null) : scope === '' ? noScope : scope
  const name = outcome === 'refused' ? `${what}, ${outcomeName('refused').toLowerCase()}` : what
  return { name, tone: outcome === 'refused' ? 'alert' : at === 0 ? 'good' : Math.min(at + 1, MOST_TONES) }
}

/** Last callers of the key: addresses and programs. */
export function KeyAddresses({ id }: { readonly id: string }) {
  const addresses = useQuery(addressesQuery(id))
  return (
    <Section title={words.addresses} lead={words.addressesLead}>
      <Loaded query={addresses}>
        {({ data }) =>
          data.length === 0 ? (
            <p className="soft">{words.noAddresses}</p>
          ) : (
            <DataTable
              caption={words.addresses}
              rows={data}
              idOf={({ secret_id, ip }) => `${secret_id} ${ip}`}
              columns={[
                { id: 'ip', head: words.address, cell: ({ ip }) => <code>{ip}</code> },
                {
                  id: 'agent',
                  head: words.agent,
                  cell: ({ user_agent }) => user_agent ?? <span className="soft">{words.noAgent}</span>,
                },
                {
                  id: 'outcome',
                  head: words.outcome,
                  cell: ({ outcome }) => (
                    <Badge kind={outcome === 'accepted' ? 'good' : 'alert'}>{outcomeName(outcome)}</Badge>
                  ),
                },
                { id: 'secret', head: words.secret, cell: ({ hint }) => <code>{hint}</code> },
                { id: 'at', head: words.at, cell: ({ at }) => <Time at={at} /> },
              ]}
            />
          )
        }
      </Loaded>
    </Section>
  )
}
