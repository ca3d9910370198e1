import { evidenceWords as words } from '../words/evidence.ts'
import { policyWords } from '../words/policies.ts'
import type { EvidenceEvent } from './evidence.queries.ts'

/** Said in words of their own, or by the row itself. */
const SAID_ELSEWHERE = new Set([
  ...['first_notice_at', 'first_notice_sent_at', 'noticed_end', 'before', 'after', 'environment', 'metadata'],
])

/** The detail of an event in words, one line for each field; of a changed policy, one for each rule that differs. */
export function detailLines({ action, detail, subject }: EvidenceEvent): string[] {
  const lines = Object.entries(detail)
    .filter(([name, value]) => !SAID_ELSEWHERE.has(name) && !(name === 'name' && value === subject?.name))
    .map(([name, value]) => `${name.replaceAll('_', ' ')}: ${valueWords(value)}`)
  return action === 'policy.changed' ? [...ruleLines(detail.before, detail.after), ...lines] : lines
}

function ruleLines(before: unknown, after: unknown): string[] {
  const [was, is] = [before, after].map((each) => (each ?? {}) as Readonly<Record<string, unknown>>)
  return Object.entries(is ?? {})
    .filter(([rule, value]) => JSON.stringify(value) !== JSON.stringify(was?.[rule] ?? null))
    .map(([rule, value]) => {
      const name = (policyWords.rules as Readonly<Record<string, string>>)[rule] ?? rule
      return `${name}: ${policyWords.value(rule, was?.[rule])} → ${policyWords.value(rule, value)}`
    })
}

const MOMENT = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/

function valueWords(value: unknown): string {
  if (value === null || value === undefined || value === '') return words.empty
  if (typeof value === 'boolean') return value ? words.yes : words.no
  if (Array.isArray(value)) return value.length === 0 ? words.empty : value.map(valueWords).join(', ')
  if (typeof value === 'object') {
    const { from, to, ...rest } = value as { from?: unknown; to?: unknown }
    const isChange = 'to' in value && Object.keys(rest).length === 0
    return isChange ? `${valueWords(from)} → ${valueWords(to)}` : JSON.stringify(value)
  }
  return MOMENT.test(String(value)) ? words.moment(Date.parse(String(value))) : String(value)
}

/** The first notice, how long ago it was, and how long before the end; null: there was none. */
export function noticeLine({ notice }: EvidenceEvent): string | null {
  if (notice === null) return null
  const { first_at, sent_at, noticed_end, seconds_after, seconds_before_end } = notice
  return words.notice({
    at: Date.parse(String(sent_at ?? first_at)),
    isSent: sent_at !== null,
    end: Date.parse(String(noticed_end)),
    after: seconds_after,
    left: seconds_before_end,
  })
}
