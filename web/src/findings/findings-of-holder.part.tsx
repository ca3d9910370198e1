import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { useCan } from '../api/session.ts'
import { paths } from '../paths.ts'
import { Notice } from '../ui/notice.tsx'
import { findingWords as words } from '../words/findings.ts'
import { findingsOfQuery } from './findings.queries.ts'

/** Open findings about one credential, on its own page; nothing where there are none. */
export function FindingsOfHolder({ id }: { readonly id: string }) {
  const mayRead = useCan()('findings:read')
  const findings = useQuery({ ...findingsOfQuery(id), enabled: mayRead })
  const rows = findings.data ?? []
  if (rows.length === 0) return null
  return (
    <Notice kind="warn" title={words.ofHolder}>
      <ul>
        {rows.map((finding) => (
          <li key={finding.id}>
            <Link to={paths.finding.to(finding.id)}>{words.kinds[finding.kind]}</Link>{' '}
            {words.evidenceOf(finding.kind, finding.evidence)}
          </li>
        ))}
      </ul>
    </Notice>
  )
}
