import { useQuery } from '@tanstack/react-query'
import { SERVER_BASE } from '../api/base.ts'
import { paths, searchText } from '../paths.ts'
import { Button } from '../ui/button.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Empty, Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { useUrlQuery } from '../ui/url-query.ts'
import { appWords } from '../words/app.ts'
import { auditWords } from '../words/audit.ts'
import { evidenceWords as words } from '../words/evidence.ts'
import { evidenceQuery } from './evidence.queries.ts'
import { Report } from './evidence.report.tsx'
import { PeriodForm } from './period.form.tsx'
import type { Period } from './period.ts'

/** The evidence of a period for auditors: to read, to print, and as JSON. */
export default function EvidencePage() {
  const { query, unknown, set } = useUrlQuery(['from', 'to'])
  const { from, to } = query
  const period = from === undefined || to === undefined ? null : { from, to }
  const tab = period === null ? {} : tabOf(period)
  return (
    <Page
      title={words.title}
      {...tab}
      lead={words.lead}
      above={[{ to: paths.audit.to(), words: auditWords.title }]}
      actions={period !== null && <Actions period={period} />}
    >
      {unknown.length > 0 && <Notice kind="warn">{appWords.unknownParameters(unknown)}</Notice>}
      <PeriodForm asked={query} onAsk={set} />
      {period === null ? (
        <Empty title={words.noneTitle}>
          <p>{words.none}</p>
        </Empty>
      ) : (
        <Shown key={`${from} ${to}`} period={period} />
      )}
    </Page>
  )
}

function tabOf({ from, to }: Period): { readonly tab?: string } {
  const [first, end] = [Date.parse(from), Date.parse(to)]
  return Number.isNaN(first) || Number.isNaN(end) ? {} : { tab: words.tab(first, end) }
}

function Shown({ period }: { readonly period: Period }) {
  return <Loaded query={useQuery(evidenceQuery(period))}>{(found) => <Report evidence={found} />}</Loaded>
}

function Actions({ period }: { readonly period: Period }) {
  return (
    <>
      <Button onClick={() => print()}>{words.print}</Button>
      <a
        className="button quiet"
        href={`${SERVER_BASE}/v1/evidence${searchText({ ...period })}`}
        download="evidence.json"
      >
        {words.json}
      </a>
    </>
  )
}
