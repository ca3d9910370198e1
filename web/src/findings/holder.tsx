import { Link } from 'wouter'
import { paths } from '../paths.ts'
import { findingWords as words } from '../words/findings.ts'
import type { FindingRow } from './findings.queries.ts'

/** The page of what a finding is about. */
export function holderPath({ holder: { kind, id } }: Pick<FindingRow, 'holder'>): string {
  switch (kind) {
    case 'key':
      return paths.key.to(id)
    case 'client':
      return paths.client.to(id)
    case 'grant':
      return paths.grant.to(id)
    case 'mail':
      return paths.mail.to(id)
    case 'admin_key':
      return paths.adminKeys.to()
  }
}

export function holderName({ holder: { name, id } }: Pick<FindingRow, 'holder'>): string {
  return name ?? id
}

/** The credential or mail that a finding is about, with a link to it. */
export function Holder({ finding }: { readonly finding: FindingRow }) {
  return (
    <span className="two-lines">
      <Link className="quiet-link" to={holderPath(finding)}>
        {holderName(finding)}
      </Link>
      <span className="soft">{words.holders[finding.holder.kind]}</span>
    </span>
  )
}
