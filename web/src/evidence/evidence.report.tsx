import { useSession } from '../api/session.ts'
import { DataTable } from '../ui/data-table.tsx'
import { Mark } from '../ui/mark.tsx'
import { Facts, Section } from '../ui/notice.tsx'
import { appWords } from '../words/app.ts'
import { auditWords } from '../words/audit.ts'
import { evidenceWords as words } from '../words/evidence.ts'
import type { Evidence } from './evidence.queries.ts'
import { EvidenceChain } from './evidence-chain.tsx'
import { EvidenceSection } from './evidence-section.tsx'
import { PolicyRuleTable } from './policy-table.tsx'

/** The report: whose it is and for when, the log it is read from, the policy, and a table for each section. */
export function Report({ evidence }: { readonly evidence: Evidence }) {
  const { branding } = useSession()
  const { from, to, made_at, made_by, criteria, policies, sections } = evidence
  const msOf = (at: unknown) => Date.parse(String(at))
  const kind = auditWords.kinds[made_by.kind] ?? made_by.kind
  return (
    <article>
      <header className="card evidence-head">
        <p className="evidence-brand">
          {branding.logo_url === null ? (
            <Mark />
          ) : (
            <img className="brand-logo" src={new URL(branding.logo_url).pathname} alt="" />
          )}
          <strong>{branding.product_name ?? appWords.product}</strong>
        </p>
        <Facts
          facts={[
            [words.facts.period, words.span(msOf(from), msOf(to))],
            [words.facts.madeAt, words.moment(msOf(made_at))],
            [words.facts.madeBy, `${kind} ${made_by.name ?? made_by.id ?? ''}`],
            [words.facts.service, location.origin],
          ]}
        />
      </header>
      <EvidenceChain evidence={evidence} />
      <Section title={words.criteria} lead={words.criteriaLead}>
        <DataTable
          caption={words.criteriaCaption}
          columns={[
            { id: 'id', head: words.criterion, cell: ({ id }) => id },
            { id: 'about', head: words.criterionAbout, cell: ({ about }) => about },
          ]}
          rows={criteria}
          idOf={({ id }) => id}
        />
      </Section>
      <Section title={words.policies} lead={words.policiesLead}>
        {policies.map((policy) => (
          <PolicyRuleTable key={policy.environment} policy={policy} />
        ))}
      </Section>
      {sections.map((section) => (
        <EvidenceSection key={section.id} section={section} evidence={evidence} />
      ))}
    </article>
  )
}
