import { DataTable } from '../ui/data-table.tsx'
import { evidenceWords as words } from '../words/evidence.ts'
import { policyWords } from '../words/policies.ts'
import type { Evidence } from './evidence.queries.ts'

type Policy = Evidence['policies'][number]
type RuleName = keyof Policy['at_start']

const RULES = Object.keys(policyWords.rules) as readonly RuleName[]

/** The rules of an environment at both ends of the period; one that differs is set off. */
export function PolicyRuleTable({ policy: { environment, at_start, at_end } }: { readonly policy: Policy }) {
  const said = (rule: RuleName, { value, from }: Policy['at_start'][RuleName]) => {
    const origin = value === null || typeof value === 'boolean' ? '' : (policyWords.from[from] ?? from)
    return origin === '' ? policyWords.value(rule, value) : `${policyWords.value(rule, value)} (${origin})`
  }
  return (
    <>
      <h3 className="sub">{words.policyOf(environment)}</h3>
      <DataTable
        caption={words.policyOf(environment)}
        columns={[
          { id: 'rule', head: words.rule, cell: (rule: RuleName) => policyWords.rules[rule] },
          { id: 'start', head: words.atStart, cell: (rule: RuleName) => said(rule, at_start[rule]) },
          {
            id: 'end',
            head: words.atEnd,
            cell: (rule: RuleName) => {
              const end = said(rule, at_end[rule])
              return end === said(rule, at_start[rule]) ? end : <strong>{end}</strong>
            },
          },
        ]}
        rows={RULES}
        idOf={(rule) => rule}
      />
    </>
  )
}
