import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { useCan } from '../api/session.ts'
import { paths } from '../paths.ts'
import { boundedWords } from '../ui/count-words.ts'
import { findingWords as words } from '../words/findings.ts'
import { findingCountsQuery } from './findings.queries.ts'

/** The number of open findings, with the way to them; nothing where there are none. */
export function OpenFindings() {
  const mayRead = useCan()('findings:read')
  const counts = useQuery({ ...findingCountsQuery, enabled: mayRead })
  const open = (counts.data?.kinds ?? []).map((kind) => kind.open)
  const count = open.reduce((sum, each) => sum + each.count, 0)
  if (count === 0) return null
  const atLeast = open.some((each) => each.at_least)
  return (
    <p>
      <Link to={paths.findings.to({ state: 'open' })}>
        {count === 1 ? words.oneOpen : words.openOnes(boundedWords({ count, at_least: atLeast }))}
      </Link>{' '}
      <span className="soft">{words.openLead}</span>
    </p>
  )
}
