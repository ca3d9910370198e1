import { useQuery } from '@tanstack/react-query'
import { DataTable } from '../ui/data-table.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Badge, Section } from '../ui/notice.tsx'
import { Time } from '../ui/time.tsx'
import { oneKeyWords as words } from '../words/key.ts'
import { outcomeName } from '../words/outcomes.ts'
import { ExplainForm } from './explain.form.tsx'
import { refusalsQuery } from './key-use.queries.ts'

/** The last refusals of a key, by reason. */
export function KeyRefusals({ id }: { readonly id: string }) {
  const usage = useQuery(refusalsQuery(id))
  return (
    <Section title={words.why} lead={words.whyLead}>
      <ExplainForm id={id} />
      <h3 className="sub">{words.lastRefusals}</h3>
      <Loaded query={usage}>
        {({ last_refusals: refusals }) =>
          refusals.length === 0 ? (
            <p className="soft">{words.noRefusals}</p>
          ) : (
            <DataTable
              caption={words.lastRefusals}
              rows={refusals}
              idOf={({ credential_id, outcome }) => `${credential_id} ${outcome}`}
              columns={[
                {
                  id: 'reason',
                  head: words.outcome,
                  cell: ({ outcome }) => <Badge kind="alert">{outcomeName(outcome)}</Badge>,
                },
                { id: 'at', head: words.at, cell: ({ at }) => <Time at={at} /> },
                { id: 'ip', head: words.address, cell: ({ ip }) => <code>{ip ?? '–'}</code> },
                { id: 'agent', head: words.agent, cell: ({ user_agent }) => user_agent ?? words.noAgent },
              ]}
            />
          )
        }
      </Loaded>
    </Section>
  )
}
